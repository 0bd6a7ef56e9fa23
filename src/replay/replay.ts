import { once } from 'node:events'
import { createWriteStream, type WriteStream } from 'node:fs'
import { MillraceError } from '../errors.ts'
import type { Ledger } from '../ledger/port.ts'
import type { LogWriter } from '../log/port.ts'
import { type FileToRead, inspectFile, type Line } from './lines.ts'
import { type Scanned, scan } from './read-log.ts'
import { type ReplayedFile, replayFile } from './replay-file.ts'
import { identify, ReplayState } from './state.ts'

export interface ReplayOptions {
  readonly writer: LogWriter
  readonly ledger: Ledger
  readonly partitions: number
  readonly dataDir: string
  /** Older page views would be rejected as too late, in milliseconds; null when any age is taken. */
  readonly maxAgeMs: number | null
  /** Page views further ahead would be rejected as in the future, in milliseconds. */
  readonly maxFutureMs: number
  /** Whether all times are moved, so that the last page view of a file happens now. */
  readonly shiftToNow: boolean
  /** Where lines that are no log lines are written to, with file and number in front. */
  readonly rejectsFile?: string
  /** Milliseconds since the epoch. */
  readonly now: () => number
  readonly signal: AbortSignal
  readonly progress: (progress: ReplayProgress) => void
}

export interface ReplayProgress {
  readonly file: string
  readonly phase: 'looking' | 'sending'
  /** Of this file, as it lies on the disk. */
  readonly bytesRead: number
  readonly bytes: number
  /** Messages of this file that are in the log. */
  readonly sent: number
  readonly pageViews: number
}

export interface ReplayReport {
  readonly files: readonly (ReplayedFile & { readonly file: string; readonly shiftMs: number })[]
  readonly complete: boolean
}

/** How often an interrupted replay's progress is kept, in messages. What was sent after that is sent again, which counts nothing twice. */
const KEEP_EVERY = 5_000

/**
 * Sends the page views of access logs. All files are read once before anything is sent, so that what cannot be sent as it is
 * wanted is said first.
 *
 * @throws MillraceError `file_unusable`, `check_failed` when page views would be lost, and what the log throws
 */
export async function replay(paths: readonly string[], options: ReplayOptions): Promise<ReplayReport> {
  const state = new ReplayState(options.dataDir)
  const visitorKey = state.visitorKey()
  const files = await Promise.all(paths.map(inspectFile))
  const scans: Scanned[] = []
  for (const file of files) scans.push(await look(file, options))
  if (options.signal.aborted) return { files: [], complete: false }
  if (!options.shiftToNow) refuseLosses(files, scans, options)

  using rejects = options.rejectsFile === undefined ? undefined : new RejectsFile(options.rejectsFile)
  const done: ReplayReport['files'][number][] = []
  for (const [i, file] of files.entries()) {
    if (options.signal.aborted) break
    const id = `${await identify(file)}${options.shiftToNow ? '-shifted' : ''}`
    const interrupted = state.read(id)
    const shiftMs = interrupted?.shiftMs ?? (options.shiftToNow ? options.now() - (scans[i]!.lastMs ?? 0) : 0)
    let bytesRead = 0
    let kept = interrupted?.sent ?? 0
    const tell = (sent: number): void =>
      options.progress({
        ...{ file: file.path, phase: 'sending', bytesRead, bytes: file.bytes, sent },
        pageViews: scans[i]!.kinds['page view'],
      })
    const replayed = await replayFile(file, {
      ...options,
      visitorKey,
      shiftMs,
      skip: interrupted?.sent ?? 0,
      onBytes: (bytes) => {
        bytesRead += bytes
      },
      onReject: (line, why) => rejects?.write(file, line, why),
      onSent: (sent) => {
        if (sent - kept >= KEEP_EVERY) {
          state.write(id, { sent, shiftMs })
          kept = sent
        }
        tell(sent)
      },
    })
    if (replayed.complete) state.remove(id)
    else state.write(id, { sent: replayed.sent, shiftMs })
    done.push({ file: file.path, shiftMs, ...replayed })
  }
  await rejects?.close()
  return { files: done, complete: done.length === files.length && done.every(({ complete }) => complete) }
}

async function look(file: FileToRead, options: ReplayOptions): Promise<Scanned> {
  const { now, maxAgeMs, maxFutureMs, signal } = options
  let bytesRead = 0
  const range = {
    fromMs: maxAgeMs === null ? Number.NEGATIVE_INFINITY : now() - maxAgeMs,
    toMs: now() + maxFutureMs,
  }
  const scanned = await scan(file, range, {
    signal,
    onBytes: (bytes) => {
      bytesRead += bytes
      options.progress({
        file: file.path,
        phase: 'looking',
        bytesRead,
        bytes: file.bytes,
        sent: 0,
        pageViews: 0,
      })
    },
  })
  if (!signal.aborted && scanned.lines === scanned.rejected) {
    const found = scanned.lines === 0 ? 'it is empty' : `none of its ${scanned.lines} lines is a log line`
    throw new MillraceError('file_unusable', `${file.path} is no access log: ${found}`, {
      hint: 'Access logs are in the common or the combined format, plain or compressed with gzip.',
    })
  }
  return scanned
}

function refuseLosses(
  files: readonly FileToRead[],
  scans: readonly Scanned[],
  { maxFutureMs }: ReplayOptions,
): void {
  const day = (ms: number | null): string => (ms === null ? '' : new Date(ms).toISOString().slice(0, 10))
  const describe = (lost: (scanned: Scanned) => number): string =>
    files
      .map((file, i) => ({ file, scanned: scans[i]! }))
      .filter(({ scanned }) => lost(scanned) > 0)
      .map(({ file, scanned }) => {
        const { firstMs, lastMs, kinds } = scanned
        return `${file.path}: ${lost(scanned)} of ${kinds['page view']} page views, from ${day(firstMs)} to ${day(lastMs)}`
      })
      .join('; ')
  const tooOld = describe((scanned) => scanned.tooOld)
  if (tooOld !== '') {
    throw new MillraceError(
      'check_failed',
      `nothing was sent, since page views older than raw rows are kept would be lost: ${tooOld}`,
      {
        hint:
          'Keep them: set MILLRACE_RAW_TTL_DAYS=0 and MILLRACE_MINUTE_TTL_DAYS=0 for the consumer (start it again) and for this command. ' +
          'Or move their times: --shift-to-now.',
      },
    )
  }
  const tooNew = describe((scanned) => scanned.tooNew)
  if (tooNew === '') return
  throw new MillraceError(
    'check_failed',
    `nothing was sent, since page views more than ${maxFutureMs / 1_000} s ahead would be rejected: ${tooNew}`,
    { hint: "Check the clock of this machine and the logs' time zone, or move their times: --shift-to-now." },
  )
}

/** Lines that are no log lines, each as it stands, with its file and number in front. */
class RejectsFile {
  readonly #stream: WriteStream
  #failure: Error | undefined

  constructor(path: string) {
    this.#stream = createWriteStream(path, { mode: 0o600 })
    this.#stream.on('error', (error) => {
      this.#failure = error
    })
  }

  write(file: FileToRead, line: Line, why: string): void {
    this.#stream.write(`${file.path}:${line.number}: ${why}: `)
    this.#stream.write(line.bytes)
    this.#stream.write('\n')
  }

  /** @throws MillraceError `file_unusable` when not all of it could be written */
  async close(): Promise<void> {
    this.#stream.end()
    if (!this.#failure && !this.#stream.closed) await once(this.#stream, 'close').catch(() => {})
    if (!this.#failure) return
    throw new MillraceError(
      'file_unusable',
      `${this.#stream.path} cannot be written: ${this.#failure.message}`,
    )
  }

  [Symbol.dispose](): void {
    this.#stream.destroy()
  }
}
