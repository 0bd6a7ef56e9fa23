import { show } from '../../../dead-letters/display.ts'
import type { DeadLetter } from '../../../store/dead-letters.ts'

/** A dead letter as --json prints it. */
export function asJson({ key, value, rejectedAtMs, resolved, ...letter }: DeadLetter) {
  return {
    ...letter,
    rejected_at: new Date(rejectedAtMs).toISOString(),
    key: key && show(key),
    message: value && show(value),
    resolved: resolved && { at: new Date(resolved.atMs).toISOString(), how: resolved.how },
  }
}
