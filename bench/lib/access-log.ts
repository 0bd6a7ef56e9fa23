import { createWriteStream } from 'node:fs'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'

const VISITORS = 1_000
const PAGES = 200
const SPAN_MS = 600_000
const LINES_AT_ONCE = 1_000

/**
 * Writes an access log in combined form, every line a page view: of a thousand visitors and 200 pages, spread evenly over ten minutes.
 *
 * @param userAgentBytes how long each user agent is; at least 20
 * @param untilMs when the last page view was, in milliseconds since the epoch
 */
export function writeAccessLog(
  file: string,
  lines: number,
  userAgentBytes: number,
  untilMs: number,
): Promise<void> {
  return pipeline(Readable.from(pieces(lines, userAgentBytes, untilMs)), createWriteStream(file))
}

function* pieces(lines: number, userAgentBytes: number, untilMs: number): Generator<string> {
  for (let first = 0; first < lines; first += LINES_AT_ONCE) {
    let piece = ''
    for (let n = first; n < Math.min(lines, first + LINES_AT_ONCE); n++) {
      const time = untilMs - SPAN_MS + Math.floor((n * SPAN_MS) / lines)
      piece += `${accessLogLine(n, userAgentBytes, time)}\n`
    }
    yield piece
  }
}

/** Line n of the log. Visitors and pages come in an order that repeats only after all of both. */
export function accessLogLine(n: number, userAgentBytes: number, timeMs: number): string {
  const visitor = (n * 7) % VISITORS
  const page = (n * 13 + Math.floor(n / PAGES)) % PAGES
  const agent = `Mozilla/5.0 (${visitor}; `.padEnd(userAgentBytes - 1, 'x')
  const [day, month, year] = new Date(timeMs).toUTCString().slice(5, 16).split(' ')
  const time = new Date(timeMs).toISOString().slice(11, 19)
  return `203.0.113.${visitor % 250} - - [${day}/${month}/${year}:${time} +0000] "GET /page-${page} HTTP/1.1" 200 5120 "-" "${agent})"`
}
