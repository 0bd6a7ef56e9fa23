import { countReject, countTime, emptyCounts, type FileCounts } from './counts.ts'
import { type FileToRead, type Line, readLines } from './lines.ts'
import { type LogLine, type NoLogLine, parseLogLine } from './log-line.ts'
import { kindOf } from './page-view-line.ts'

export interface ReadOptions {
  readonly onBytes?: (bytes: number) => void
  /** Called for each line that is left out because it is no log line. */
  readonly onReject?: (line: Line, why: NoLogLine) => void
  readonly signal?: AbortSignal
}

/** A page view's line, and its bytes. */
export interface PageViewLine {
  readonly line: Line
  readonly parsed: LogLine
}

/** The page views of a file, in its order, many at a time; counts everything else. */
export async function* readPageViews(
  file: FileToRead,
  counts: FileCounts,
  { onBytes = () => {}, onReject, signal }: ReadOptions = {},
): AsyncGenerator<PageViewLine[]> {
  for await (const lines of readLines(file, onBytes)) {
    if (signal?.aborted) return
    const views: PageViewLine[] = []
    for (const line of lines) {
      counts.lines += 1
      const parsed = line.isCut ? 'no log line' : parseLogLine(line.bytes.toString())
      if (typeof parsed === 'string') {
        countReject(counts, { line: line.number, why: parsed })
        onReject?.(line, parsed)
        continue
      }
      const kind = kindOf(parsed)
      counts.kinds[kind] += 1
      if (kind !== 'page view') continue
      countTime(counts, parsed.timestampMs)
      views.push({ line, parsed })
    }
    yield views
  }
}

/** Reads a file to its end without sending anything, and says what it holds. */
export async function scan(file: FileToRead, options: ReadOptions): Promise<FileCounts> {
  const counts = emptyCounts()
  for await (const _ of readPageViews(file, counts, options));
  return counts
}
