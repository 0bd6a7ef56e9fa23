import { setTimeout as sleep } from 'node:timers/promises'
import { say } from './say.ts'

const LOOK_EVERY_MS = 50
const SAY_EVERY_MS = 10_000

export interface Progress {
  readonly done: boolean
  /** How far it is, for whoever waits and for the error. */
  readonly so: string
}

/**
 * Waits for a phase of a benchmark to end, and says every ten seconds how far it is.
 *
 * @param what the phase, as the subject of a sentence
 * @throws Error when it has not ended after so many seconds
 */
export async function until(
  what: string,
  seconds: number,
  look: () => Promise<Progress> | Progress,
  everyMs = LOOK_EVERY_MS,
): Promise<void> {
  const began = performance.now()
  for (let said = began; ; ) {
    const { done, so } = await look()
    if (done) return
    const now = performance.now()
    if (now - began > seconds * 1_000)
      throw new Error(
        `${what} has not ended after ${Math.round(seconds)} s: ${so}. Look at what the processes wrote above, or take fewer events.`,
      )
    if (now - said > SAY_EVERY_MS) {
      say(`  ${what}: ${so}`)
      said = now
    }
    await sleep(everyMs)
  }
}

/** How long moving events may take: far longer than on the slowest machine that it ever ran on. */
export function patienceFor(events: number): number {
  return 120 + events / 5_000
}
