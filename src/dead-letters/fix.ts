import { MillraceError } from '../errors.ts'
import { decode, type Fields } from '../event/decode.ts'
import type { PageView } from '../event/page-view.ts'
import { type ValidationLimits, validate } from '../event/validate.ts'

/** What a field becomes: any JSON value, or undefined to take it out. */
export type FieldChanges = ReadonlyMap<string, unknown>

/**
 * Reads `name=value`: the value is JSON where it is some, and text otherwise; `name=` takes the field out.
 *
 * @throws MillraceError `invalid_setting`
 */
export function parseChanges(texts: readonly string[]): FieldChanges {
  const changes = new Map<string, unknown>()
  for (const text of texts) {
    const equals = text.indexOf('=')
    if (equals <= 0) {
      throw new MillraceError('invalid_setting', `--set ${text}: this is no field with a value`, {
        hint: 'Write it as name=value, such as page_id=/pricing or view_duration_ms=1500.',
      })
    }
    changes.set(text.slice(0, equals), readValue(text.slice(equals + 1)))
  }
  return changes
}

function readValue(text: string): unknown {
  if (text === '') return undefined
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

/** The fields with some of them changed. */
export function withChanges(before: Fields, changes: FieldChanges): Fields {
  const fields = new Map(Object.entries(before))
  for (const [name, value] of changes) {
    if (value === undefined) fields.delete(name)
    else fields.set(name, value)
  }
  return Object.fromEntries(fields)
}

/**
 * The page view that a corrected message says.
 *
 * @throws MillraceError `check_failed` when it would be rejected again, with the reason
 */
export function checkFixed(message: Buffer, limits: ValidationLimits): PageView {
  const decoded = decode(message)
  const outcome = decoded.ok ? validate(decoded.value, limits) : decoded
  if (!outcome.ok) {
    throw new MillraceError(
      'check_failed',
      `it would be rejected again, as ${outcome.reason}: ${outcome.detail}`,
    )
  }
  return outcome.value
}
