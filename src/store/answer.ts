import { type Readable, Transform } from 'node:stream'
import { EXCEPTION_TAG_HEADER_NAME, extractErrorAtTheEndOfChunk } from '@clickhouse/client'

/** An answer as ClickHouse writes it. */
export interface Answer {
  /** The format that it is in, by ClickHouse's name; undefined when the statement answers nothing. */
  readonly format: string | undefined
  /** Ends with an error, a StoreError, when the query fails on the way. */
  readonly body: Readable
}

/** Settings of an answer that is read while the query still runs. When its reader goes away, a query that only reads ends. */
export const AS_IT_COMES = { wait_end_of_query: 0, cancel_http_readonly_queries_on_client_close: 1 } as const

/** How much of an answer is read ahead of its reader: ClickHouse waits for no more than 30 s, and somebody may look at it page by page. */
const READ_AHEAD_BYTES = 64 * 2 ** 20

/**
 * Passes an answer on, up to the error that ClickHouse appends when a query fails after the answer has begun (since 25.11; it
 * breaks the connection off then, as older servers do without a word):
 * https://clickhouse.com/docs/interfaces/http#http_response_codes_caveats
 *
 * @param source the body of the HTTP answer
 * @param failed makes the error that the answer then ends with
 */
export function untilException(
  source: Readable,
  headers: Readonly<Record<string, unknown>>,
  failed: (error: unknown) => Error,
): Readable {
  const tag = headers[EXCEPTION_TAG_HEADER_NAME]
  const marker = Buffer.from(typeof tag === 'string' ? `\r\n__exception__\r\n${tag}\r\n` : '')
  // What could be the beginning of the marker; after the marker, everything.
  let held: Buffer = Buffer.alloc(0)
  let exception = false
  let broken: unknown
  const answer = new Transform({
    readableHighWaterMark: READ_AHEAD_BYTES,
    transform(chunk: Buffer, _encoding, done) {
      if (marker.length === 0) return done(null, chunk)
      const bytes = held.length === 0 ? chunk : Buffer.concat([held, chunk])
      const at = exception ? 0 : bytes.indexOf(marker)
      exception ||= at >= 0
      const end = exception ? Math.max(0, at) : bytes.length - heldBack(bytes, marker)
      held = bytes.subarray(end)
      done(null, bytes.subarray(0, end))
    },
    flush(done) {
      if (exception) done(failed(extractErrorAtTheEndOfChunk(held, String(tag))))
      else if (broken === undefined) done(null, held)
      else done(failed(broken))
    },
  })
  source.once('error', (error) => {
    broken = error
    if (answer.destroyed) return
    // The words of the exception came just before.
    source.unpipe(answer)
    for (let rest = source.read(); rest !== null; rest = source.read()) answer.write(rest)
    answer.end()
  })
  answer.once('close', () => source.destroy())
  return source.pipe(answer)
}

/** How many bytes at the end could be the beginning of the marker. */
function heldBack(bytes: Buffer, marker: Buffer): number {
  const from = Math.max(0, bytes.length - marker.length + 1)
  for (let at = bytes.indexOf(marker[0]!, from); at >= 0; at = bytes.indexOf(marker[0]!, at + 1)) {
    if (marker.subarray(0, bytes.length - at).equals(bytes.subarray(at))) return bytes.length - at
  }
  return 0
}
