import type { TestContext } from 'node:test'

/**
 * The seed of a random test, and how often it runs. MILLRACE_TEST_SEED repeats a run.
 */
export function seeded(t: TestContext, numRuns: number): { seed: number; numRuns: number } {
  const seed = randomSeed(t)
  return { seed, numRuns }
}

/** A seed that is printed with the test. */
export function randomSeed(t: TestContext): number {
  const seed = Number(process.env.MILLRACE_TEST_SEED ?? Date.now() % 2 ** 31)
  t.diagnostic(`seed ${seed}: MILLRACE_TEST_SEED=${seed} runs it again`)
  return seed
}
