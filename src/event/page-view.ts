/** One page view: who looked at which page, for how long, from where. */
export interface PageView {
  /** The page, as its site names it; never empty. */
  readonly pageId: string
  /** The visitor, pseudonymous; never empty. */
  readonly userId: string
  /** How long the page was looked at, in whole milliseconds, 0 or more. */
  readonly durationMs: number
  /** When the page was opened, in milliseconds since 1970-01-01T00:00:00Z. */
  readonly timestampMs: number
  /** Empty when the event has none. */
  readonly userAgent: string
  /** An IPv4 or IPv6 address as text; empty when the event has none. */
  readonly ipAddress: string
  /** Empty when the event has none. */
  readonly region: string
  /** Whether the visitor left without looking at anything else. */
  readonly isBounce: boolean
}

/** A page view as it travels: the JSON object that is the value of a message. */
export interface WirePageView {
  page_id: string
  user_id: string
  view_duration_ms: number
  /** ISO 8601 with a time zone. */
  timestamp: string
  user_agent?: string
  ip_address?: string
  region?: string
  is_bounce: boolean
}

/** Sizes that an event must keep; lengths are in UTF-8 bytes. */
export const LIMITS = Object.freeze({
  messageBytes: 1_048_576,
  keyBytes: 1_024,
  pageIdBytes: 2_048,
  userIdBytes: 256,
  userAgentBytes: 2_048,
  regionBytes: 64,
  /** The longest believable view: one day. */
  durationMs: 86_400_000,
})

/** A page view as it travels. Fields that may be missing are left out when they are empty. */
export function toWire(view: PageView): WirePageView {
  const wire = {
    page_id: view.pageId,
    user_id: view.userId,
    view_duration_ms: view.durationMs,
    timestamp: isoTime(view.timestampMs),
  } as WirePageView
  if (view.userAgent !== '') wire.user_agent = view.userAgent
  if (view.ipAddress !== '') wire.ip_address = view.ipAddress
  if (view.region !== '') wire.region = view.region
  wire.is_bounce = view.isBounce
  return wire
}

/** Events come in the order of their times, many of them in one millisecond. */
let latest = { timeMs: Number.NaN, text: '' }

/** As Date.toISOString() writes it; of the time before it remembers the text. */
export function isoTime(timeMs: number): string {
  if (timeMs !== latest.timeMs) latest = { timeMs, text: new Date(timeMs).toISOString() }
  return latest.text
}
