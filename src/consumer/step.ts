import type { Outcome } from '../event/outcome.ts'

/** A step's answer about one message: it goes on with a value, is rejected with a reason, or is dropped as a repeat. */
export type Verdict<T> = Outcome<T> | Drop

export interface Drop {
  readonly ok: false
  readonly dropped: 'repeat'
}

export const DROP_REPEAT: Drop = Object.freeze({ ok: false, dropped: 'repeat' })

/** One step of the pipeline. It does not throw for bad data. */
export type Step<In, Out> = (input: In) => Verdict<Out>

/** The steps one after the other, as one: the first that does not go on gives the answer. */
export function inOrder<A, B, C, D, E>(
  ...steps: [Step<A, B>, Step<B, C>, Step<C, D>, Step<D, E>]
): Step<A, E> {
  return (input) => {
    let value: unknown = input
    for (const step of steps as readonly Step<unknown, unknown>[]) {
      const verdict = step(value)
      if (!verdict.ok) return verdict
      value = verdict.value
    }
    return { ok: true, value: value as E }
  }
}
