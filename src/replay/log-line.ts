import { parseTimestamp } from '../event/timestamp.ts'

/** A request, as a web server has logged it. */
export interface LogLine {
  readonly host: string
  /** Milliseconds since the epoch. */
  readonly timestampMs: number
  readonly method: string
  /** What was asked for, as it stands in the line. */
  readonly target: string
  readonly status: number
  /** Empty when the line has none. */
  readonly userAgent: string
}

/** Why a line is left out and reported. */
export type NoLogLine = 'no log line' | 'no date'

const QUOTED = String.raw`"((?:[^"\\]|\\.)*)"`

/**
 * The common log format, `host ident user [time] "request" status bytes`, with what may stand in front and behind; in the
 * combined format referer and user agent follow. https://httpd.apache.org/docs/current/logs.html#common
 *
 * What stands in brackets is bounded: otherwise a line of nothing but brackets takes time by the square of its length.
 */
const LINE = new RegExp(
  String.raw`^(\S+ \S+ .*?)\[([^\][]{0,64})\] ${QUOTED} (\d{3}) (?:\d+|-)(?: ${QUOTED} ${QUOTED})?(?: .*)?$`,
  's',
)

const REQUEST = /^(\S+) (.*?)(?: HTTP\/\d+(?:\.\d+)?)?$/s

const TIME = /^(\d{2})\/([A-Z][a-z]{2})\/(\d{4}):(\d{2}:\d{2}:\d{2}) ([+-]\d{4})$/

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']

/** Reads a line of an access log. */
export function parseLogLine(text: string): LogLine | NoLogLine {
  const match = LINE.exec(text)
  if (!match) return 'no log line'
  const [, before, time, request, status, , userAgent] = match
  const host = hostOf(before!)
  if (host === undefined) return 'no log line'
  const timestampMs = parseTime(time!)
  if (timestampMs === undefined) return 'no date'
  // What is no request at all (a probe's bytes, "-") has no method that counts.
  const [, method = '', target = ''] = REQUEST.exec(request!) ?? []
  return {
    host,
    timestampMs,
    method,
    target,
    status: Number(status),
    userAgent: userAgent === undefined || userAgent === '-' ? '' : userAgent,
  }
}

/**
 * Of `host ident user` and `vhost host ident user` the host. The user's name may have spaces; where there are four words, the second
 * is a host unless it is the dash that stands for ident.
 */
function hostOf(before: string): string | undefined {
  if (!before.endsWith(' ')) return undefined
  const words = before.slice(0, -1).split(' ')
  if (words.length < 3) return undefined
  return words.length === 3 || words[1] === '-' ? words[0] : words[1]
}

function parseTime(text: string): number | undefined {
  const match = TIME.exec(text)
  if (!match) return undefined
  const [, day, name, year, time, zone] = match
  const month = MONTHS.indexOf(name!) + 1
  return parseTimestamp(`${year}-${String(month).padStart(2, '0')}-${day}T${time}${zone}`)
}
