import { show, showText } from '../../../dead-letters/display.ts'
import type { DeadLetter } from '../../../store/dead-letters.ts'

/** A dead letter as --json prints it. */
export function asJson(
  { key, value, valueBytes, rejectedAtMs, resolved, ...letter }: DeadLetter,
  characters?: number,
) {
  return {
    ...letter,
    detail: showText(letter.detail),
    rejected_at: new Date(rejectedAtMs).toISOString(),
    key: key && show(key, characters),
    message: value && show(value, characters),
    message_bytes: valueBytes,
    resolved: resolved && { at: new Date(resolved.atMs).toISOString(), how: showText(resolved.how) },
  }
}
