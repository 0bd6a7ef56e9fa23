import { REJECT_REASONS, type RejectReason } from '../event/outcome.ts'
import {
  booleanParameter,
  enumParameter,
  integerParameter,
  optional,
  type ParameterSpec,
  textParameter,
  timestampParameter,
} from '../http/parameters.ts'
import type { DeadLetterPlace } from '../store/dead-letter-places.ts'
import type { DeadLetterChoice } from '../store/dead-letters.ts'

const partition = integerParameter({ min: 0, max: 2 ** 31 - 1, description: 'The partition it lay in.' })

/** Where one dead letter lies. */
export const PLACE = {
  topic: optional(
    textParameter({ maxLength: 249, description: 'Needed where several topics have that place.' }),
  ),
  partition,
  offset: integerParameter({ min: 0, max: Number.MAX_SAFE_INTEGER, description: 'Its offset there.' }),
}

/** Which dead letters. */
export const CHOICE = {
  reason: optional(
    enumParameter(Object.keys(REJECT_REASONS) as RejectReason[], { description: 'Only of this reason.' }),
  ),
  partition: optional(partition),
  from: optional(timestampParameter({ description: 'Rejected at this moment or later.' })),
  to: optional(timestampParameter({ description: 'Rejected before this moment.' })),
}

export const STATE = {
  state: optional(
    enumParameter(['open', 'resolved', 'all'], {
      description: 'Those that wait, those that were sent, or all.',
    }),
    'open',
  ),
}

const patch: ParameterSpec<unknown> = {
  schema: {
    description: 'A JSON Patch (RFC 6902); in an address as text.',
    anyOf: [{ type: 'array', items: { type: 'object', additionalProperties: true } }, { type: 'string' }],
  },
  allowed: 'give a list of operations, such as [{"op":"replace","path":"/page_id","value":"/pricing"}]',
  read: (given) => (Array.isArray(given) || typeof given === 'string' ? given : undefined),
}

/** How to change messages: one of these. */
export const CHANGE = {
  patch: optional(patch),
  map: optional(
    textParameter({ maxLength: 4_000, description: 'A mapping, such as: page_id = page_id ?? "/unknown"' }),
  ),
}

export const DRY_RUN = {
  dry_run: optional(
    booleanParameter({ description: 'Only tell what would be done, and keep nothing.' }),
    false,
  ),
}

export const BY = {
  by: optional(
    textParameter({ maxLength: 200, description: 'Who does it, for the record; your address when missing.' }),
  ),
}

export function placeOf(given: {
  topic: string | undefined
  partition: number
  offset: number
}): DeadLetterPlace {
  const { topic, partition, offset } = given
  return { partition, offset, ...(topic !== undefined && { topic }) }
}

export function choiceOf(given: {
  reason: string | undefined
  partition: number | undefined
  from: number | undefined
  to: number | undefined
}): DeadLetterChoice {
  const { reason, partition, from, to } = given
  return {
    ...(reason !== undefined && { reason }),
    ...(partition !== undefined && { partition }),
    ...(from !== undefined && { fromMs: from }),
    ...(to !== undefined && { toMs: to }),
  }
}

export function isResolved(state: 'open' | 'resolved' | 'all'): { resolved?: boolean } {
  return state === 'all' ? {} : { resolved: state === 'resolved' }
}

/** @param ip where the request comes from */
export function personOf(by: string | undefined, ip: string): string {
  return by ?? `HTTP from ${ip}`
}
