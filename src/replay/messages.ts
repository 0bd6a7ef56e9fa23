import { createHash, createHmac, type KeyObject } from 'node:crypto'
import { isIP } from 'node:net'
import { decode } from '../event/decode.ts'
import { uuidFromHash } from '../event/identity.ts'
import { LIMITS, type PageView, toWire } from '../event/page-view.ts'
import { partitionForKey } from '../event/partitioner.ts'
import { validate } from '../event/validate.ts'
import type { LedgerEntry } from '../ledger/port.ts'
import type { Outgoing } from '../send/outgoing.ts'
import type { LogLine } from './log-line.ts'
import { pageOf } from './page-view-line.ts'
import type { FinishedView, View } from './visits.ts'

/** 96 bits, in hexadecimal digits. */
const USER_ID_LENGTH = 24

/** A page view of a log, with what its message needs. */
export interface LoggedView extends View {
  readonly eventId: string
  readonly pageId: string
  readonly host: string
  readonly userAgent: string
}

/**
 * A visitor is who asks from the same address with the same user agent.
 *
 * @param visitorKey makes visitors pseudonymous: without it nobody can tell from a user id who it was
 */
export function loggedView(
  line: LogLine,
  eventId: string,
  { shiftMs, visitorKey }: { readonly shiftMs: number; readonly visitorKey: KeyObject },
): LoggedView {
  const visitor = createHmac('sha256', visitorKey).update(`${line.host}\0${line.userAgent}`).digest('hex')
  return {
    visitor: visitor.slice(0, USER_ID_LENGTH),
    timestampMs: line.timestampMs + shiftMs,
    eventId,
    pageId: pageOf(line.target),
    host: line.host,
    userAgent: line.userAgent,
  }
}

/**
 * The identity of the event that a line says: of its bytes and which occurrence of them it is in the file, so that replaying a file
 * again, under whatever name, gives the same events. Shifted to another time, they are others.
 */
export function eventIdOfLine(bytes: Buffer, occurrence: number, shiftMs: number): string {
  const hash = createHash('sha256').update(bytes).update(`\0${occurrence}`)
  if (shiftMs !== 0) hash.update(`\0${shiftMs}`)
  return uuidFromHash(hash.digest())
}

export interface MessageOptions {
  readonly partitions: number
  /** Milliseconds since the epoch. */
  readonly now: () => number
}

/** The message of a page view, and what the ledger is to say of it. */
export function messageOf(
  { view, durationMs, isBounce }: FinishedView<LoggedView>,
  options: MessageOptions,
): Outgoing {
  const pageView: PageView = {
    pageId: view.pageId,
    userId: view.visitor,
    durationMs,
    timestampMs: view.timestampMs,
    userAgent: cut(view.userAgent, LIMITS.userAgentBytes),
    ipAddress: isIP(view.host) !== 0 && !view.host.includes('%') ? view.host : '',
    region: '',
    isBounce,
  }
  const value = Buffer.from(JSON.stringify(toWire(pageView)))
  return {
    partition: partitionForKey(Buffer.from(view.pageId), options.partitions),
    key: Buffer.from(view.eventId),
    value,
    timestampMs: options.now(),
    entry: entryOf(view.eventId, pageView, value),
  }
}

/** A page whose name is empty, or longer than the limit, is a page view of the log that the consumer must reject. */
function entryOf(eventId: string, view: PageView, value: Buffer): LedgerEntry {
  const decoded = decode(value)
  const limits = { nowMs: view.timestampMs, maxAgeMs: null, maxFutureMs: 0 }
  const outcome = decoded.ok ? validate(decoded.value, limits) : decoded
  if (!outcome.ok) return { kind: 'invalid', reason: outcome.reason }
  const { pageId, timestampMs, durationMs, isBounce } = outcome.value
  return { kind: 'view-once', eventId, pageId, timestampMs, durationMs, isBounce }
}

/** So many bytes of a text at most, without half a character at the end. */
function cut(text: string, maxBytes: number): string {
  const wellFormed = text.toWellFormed()
  const bytes = Buffer.from(wellFormed)
  if (bytes.length <= maxBytes) return wellFormed
  let end = maxBytes
  while ((bytes[end]! & 0xc0) === 0x80) end -= 1
  return bytes.subarray(0, end).toString()
}
