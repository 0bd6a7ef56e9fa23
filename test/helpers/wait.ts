import { setTimeout as sleep } from 'node:timers/promises'

/**
 * Asks until the answer is not undefined (or false), and gives it back.
 *
 * @param what what is waited for, for the error
 * @param ask asked again and again; an error counts as no answer
 * @param withinMs far more than it takes on a busy machine: it ends a test that hangs, it measures nothing
 */
export async function eventually<T>(
  what: string,
  ask: () => Promise<T | undefined | false> | T | undefined | false,
  withinMs = 180_000,
): Promise<T> {
  const end = Date.now() + withinMs
  let last: unknown
  for (;;) {
    try {
      const answer = await ask()
      if (answer !== undefined && answer !== false) return answer
      last = undefined
    } catch (error) {
      last = error
    }
    if (Date.now() > end) throw new Error(`waited ${withinMs} ms for ${what}`, { cause: last })
    await sleep(50)
  }
}
