import { ClickHouseError } from '@clickhouse/client'
import { MillraceError, messageOf } from '../errors.ts'

/**
 * Whether the same request may succeed later. `unknown` is for codes that are not in the table: worth
 * a limited number of retries, and then a reason to stop before anything is committed.
 */
export type FailureKind = 'transient' | 'permanent' | 'unknown'

/**
 * What ClickHouse's error codes mean for a request of ours (src/Common/ErrorCodes.cpp in ClickHouse).
 * Transient: load, memory, disk, network, replicas, a server on its way down or up. Permanent: somebody has to
 * change credentials, grants, the schema or the program.
 */
const CLICKHOUSE_CODES: Readonly<Record<number, readonly [FailureKind, string]>> = {
  // Time and load
  159: ['transient', 'TIMEOUT_EXCEEDED'],
  160: ['transient', 'TOO_SLOW'],
  201: ['transient', 'QUOTA_EXCEEDED'],
  202: ['transient', 'TOO_MANY_SIMULTANEOUS_QUERIES'],
  241: ['transient', 'MEMORY_LIMIT_EXCEEDED'],
  252: ['transient', 'TOO_MANY_PARTS'], // merges are behind; inserts over too many days are split before they are sent
  439: ['transient', 'CANNOT_SCHEDULE_TASK'],
  473: ['transient', 'DEADLOCK_AVOIDED'],
  700: ['transient', 'USER_SESSION_LIMIT_EXCEEDED'],
  745: ['transient', 'SERVER_OVERLOADED'],
  // Disk
  74: ['transient', 'CANNOT_READ_FROM_FILE_DESCRIPTOR'],
  75: ['transient', 'CANNOT_WRITE_TO_FILE_DESCRIPTOR'],
  76: ['transient', 'CANNOT_OPEN_FILE'],
  243: ['transient', 'NOT_ENOUGH_SPACE'],
  425: ['transient', 'SYSTEM_ERROR'],
  // Network between servers, and requests that were cut off
  3: ['transient', 'UNEXPECTED_END_OF_FILE'],
  32: ['transient', 'ATTEMPT_TO_READ_AFTER_EOF'],
  33: ['transient', 'CANNOT_READ_ALL_DATA'],
  95: ['transient', 'CANNOT_READ_FROM_SOCKET'],
  96: ['transient', 'CANNOT_WRITE_TO_SOCKET'],
  198: ['transient', 'DNS_ERROR'],
  203: ['transient', 'NO_FREE_CONNECTION'],
  209: ['transient', 'SOCKET_TIMEOUT'],
  210: ['transient', 'NETWORK_ERROR'],
  279: ['transient', 'ALL_CONNECTION_TRIES_FAILED'],
  // Starting, stopping, cancelled
  236: ['transient', 'ABORTED'],
  394: ['transient', 'QUERY_WAS_CANCELLED'],
  734: ['transient', 'QUERY_WAS_CANCELLED_BY_CLIENT'],
  // Replicas and Keeper
  225: ['transient', 'NO_ZOOKEEPER'],
  242: ['transient', 'TABLE_IS_READ_ONLY'],
  285: ['transient', 'TOO_FEW_LIVE_REPLICAS'],
  286: ['transient', 'UNSATISFIED_QUORUM_FOR_PREVIOUS_WRITE'],
  319: ['transient', 'UNKNOWN_STATUS_OF_INSERT'],
  999: ['transient', 'KEEPER_EXCEPTION'],
  // Credentials and grants
  164: ['permanent', 'READONLY'],
  192: ['permanent', 'UNKNOWN_USER'],
  193: ['permanent', 'WRONG_PASSWORD'],
  194: ['permanent', 'REQUIRED_PASSWORD'],
  195: ['permanent', 'IP_ADDRESS_NOT_ALLOWED'],
  392: ['permanent', 'QUERY_IS_PROHIBITED'],
  452: ['permanent', 'SETTING_CONSTRAINT_VIOLATION'],
  497: ['permanent', 'ACCESS_DENIED'],
  516: ['permanent', 'AUTHENTICATION_FAILED'],
  // The schema is missing or another one
  16: ['permanent', 'NO_SUCH_COLUMN_IN_TABLE'],
  20: ['permanent', 'NUMBER_OF_COLUMNS_DOESNT_MATCH'],
  36: ['permanent', 'BAD_ARGUMENTS'],
  47: ['permanent', 'UNKNOWN_IDENTIFIER'],
  48: ['permanent', 'NOT_IMPLEMENTED'],
  53: ['permanent', 'TYPE_MISMATCH'],
  60: ['permanent', 'UNKNOWN_TABLE'],
  81: ['permanent', 'UNKNOWN_DATABASE'],
  // The server is too old for a statement of ours
  46: ['permanent', 'UNKNOWN_FUNCTION'],
  50: ['permanent', 'UNKNOWN_TYPE'],
  62: ['permanent', 'SYNTAX_ERROR'],
  115: ['permanent', 'UNKNOWN_SETTING'],
}

/** What Node says when the server cannot be reached, goes away, or takes too long. All of it heals by waiting. */
const NETWORK_CODES: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ECONNABORTED',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'EHOSTDOWN',
  'ENETUNREACH',
  'ENETDOWN',
  'ENOTFOUND',
  'EAI_AGAIN',
  'ENOBUFS',
  'EMFILE',
  'ERR_STREAM_PREMATURE_CLOSE',
])

/** What the client says without a code of Node's. */
const NETWORK_MESSAGES = /timeout error|socket hang up|aborted|premature close|other side closed/i

/**
 * What a certificate or a handshake can be wrong with: nobody is let in by asking again.
 * https://nodejs.org/api/tls.html#x509-certificate-error-codes
 */
const TLS_CODES =
  /^(CERT_|UNABLE_TO_|SELF_SIGNED_|DEPTH_ZERO_|HOSTNAME_MISMATCH|INVALID_CA|INVALID_PURPOSE|ERR_TLS_|ERR_SSL_|ERR_OSSL_|EPROTO)/

/** Answers of something in front of ClickHouse, or of another program, that mean: later. */
const STATUS_LATER: ReadonlySet<number> = new Set([408, 425, 429])

/** A failed request, with what is known of it. */
export class StoreError extends MillraceError {
  readonly kind: FailureKind
  /** ClickHouse's code; undefined when the request did not get that far. */
  readonly clickhouseCode: number | undefined

  constructor(
    kind: FailureKind,
    clickhouseCode: number | undefined,
    message: string,
    cause: unknown,
    hint = clickhouseCode === undefined ? undefined : HINTS[clickhouseCode],
  ) {
    super(kind === 'permanent' ? 'store_refused' : 'store_unavailable', message, {
      cause,
      ...(hint === undefined ? {} : { hint }),
    })
    this.kind = kind
    this.clickhouseCode = clickhouseCode
  }
}

const CREDENTIALS = 'Check MILLRACE_CLICKHOUSE_USER and MILLRACE_CLICKHOUSE_PASSWORD.'
const SCHEMA = 'Create the tables with `millrace consumer -init-schema`.'

/** What a person can do about it. */
const HINTS: Readonly<Record<number, string>> = {
  16: SCHEMA,
  60: SCHEMA,
  81: SCHEMA,
  192: CREDENTIALS,
  193: CREDENTIALS,
  194: CREDENTIALS,
  516: CREDENTIALS,
  164: 'The user may only read: give one in MILLRACE_CLICKHOUSE_USER that may write.',
  497: 'Grant the user of MILLRACE_CLICKHOUSE_USER what the message names.',
  243: 'Make room on the disk of the ClickHouse server.',
}

const TLS =
  'Check the address in MILLRACE_CLICKHOUSE_URL (http or https, and the host that its certificate names), MILLRACE_CLICKHOUSE_TLS_CA, MILLRACE_CLICKHOUSE_TLS_CERT and MILLRACE_CLICKHOUSE_TLS_KEY.'
const ADDRESS =
  'This is not an answer of ClickHouse: check MILLRACE_CLICKHOUSE_URL, and what stands in front of the server.'

/**
 * Which kind of failure it is.
 *
 * @param status of the HTTP answer, when there was one
 */
export function classify(error: unknown, status?: number): FailureKind {
  const code = clickhouseCodeOf(error)
  if (code !== undefined) return CLICKHOUSE_CODES[code]?.[0] ?? 'unknown'
  const nodeCode = (error as { code?: unknown } | undefined)?.code
  if (isTlsError(error)) return 'permanent'
  if (typeof nodeCode === 'string' && NETWORK_CODES.has(nodeCode)) return 'transient'
  if (status !== undefined && status >= 300) {
    return status >= 500 || STATUS_LATER.has(status) ? 'transient' : 'permanent'
  }
  return NETWORK_MESSAGES.test(messageOf(error)) ? 'transient' : 'unknown'
}

function isTlsError(error: unknown): boolean {
  const { code } = (error ?? {}) as { code?: unknown }
  return typeof code === 'string' && TLS_CODES.test(code)
}

/**
 * The error to throw for a failed request.
 *
 * @param what what was being done, to begin the message with: `inserting into page_views_raw`
 */
export function storeError(error: unknown, what: string, status?: number): StoreError {
  if (error instanceof StoreError) return error
  const code = clickhouseCodeOf(error)
  const kind = classify(error, status)
  if (isTlsError(error))
    return new StoreError(kind, code, `${what}: ${firstLine(messageOf(error))}`, error, TLS)
  if (code === undefined && status !== undefined && status >= 300) {
    const message = `${what}: HTTP status ${status}, ${firstLine(plain(messageOf(error)))}`
    return new StoreError(kind, code, message, error, kind === 'permanent' ? ADDRESS : undefined)
  }
  return new StoreError(kind, code, `${what}: ${firstLine(messageOf(error))}`, error)
}

function clickhouseCodeOf(error: unknown): number | undefined {
  return error instanceof ClickHouseError ? Number(error.code) : undefined
}

/** The text of a page, as proxies answer with one. */
function plain(body: string): string {
  const text = body
    .replace(/<(style|script|title)[^>]*>.*?<\/\1>/gis, ' ')
    .replace(/<[^>]*>/g, ' ')
    .replace(/\s+/g, ' ')
    .trim()
  return text === '' ? 'an answer without text' : text
}

/** ClickHouse adds its version, all that a statement could have gone on with, and sometimes the statement; the cause keeps them. */
function firstLine(message: string): string {
  const line = (message.split('\n')[0] ?? '')
    .replace(/\s*\(version [^)]*\)*/, '')
    .replace(/[.:]? Expected one of: .*/, '')
    .trim()
  return line.length > 500 ? `${line.slice(0, 500)}…` : line
}
