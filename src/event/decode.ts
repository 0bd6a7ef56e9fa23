import { type Outcome, ok, reject } from './outcome.ts'
import { LIMITS } from './page-view.ts'
import { quote, shorten } from './quote.ts'

/** A JSON object whose fields nobody has looked at yet. */
export type Fields = Readonly<Record<string, unknown>>

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** The object that a message's value is, if it is one: JSON in valid UTF-8, within the size limit. */
export function decode(value: Uint8Array | null): Outcome<Fields> {
  if (value === null || value.length === 0) return reject('empty_message', 'the message has no value')
  if (value.length > LIMITS.messageBytes) {
    return reject('message_too_large', `${value.length} bytes are more than ${LIMITS.messageBytes}`)
  }
  let parsed: unknown
  try {
    parsed = JSON.parse(utf8.decode(value))
  } catch (error) {
    return reject(
      'broken_json',
      error instanceof SyntaxError ? shorten(error.message) : 'the bytes are not valid UTF-8',
    )
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) {
    return reject('not_an_object', `the value is ${quote(parsed)}`)
  }
  return ok(parsed as Fields)
}
