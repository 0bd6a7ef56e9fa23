import { Random } from '../src/random.ts'
import { type Drawn, type Fault, seconds } from './fault.ts'
import { FAULTS } from './faults/index.ts'
import type { Options } from './options.ts'
import type { Shape } from './shape.ts'

/** Faults begin within this time of a round, in milliseconds. */
const BEGIN_WITHIN_MS = 2_500

/** The share of rounds that may have a fault that takes long. */
const LONG = 0.35

export interface Scheduled extends Drawn {
  readonly name: string
  readonly atMs: number
}

export interface Schedule {
  readonly seed: number
  readonly faults: readonly Scheduled[]
}

/** A seed of its own for each round, so that one can be run alone. */
export function seedOf(options: Options, round: number): number {
  return new Random(options.seed * 1_000_003 + round).bits()
}

/** One to four faults at random points; all of it comes from the seed, the shape, and which faults are allowed. */
export function scheduleOf(options: Options, round: number, shape: Shape): Schedule {
  const seed = seedOf(options, round)
  const random = new Random(seed)
  const possible = FAULTS.filter(
    (fault) => fault.possible(shape) && (options.faults?.includes(fault.name) ?? true),
  )
  if (possible.length === 0) throw new Error(`none of these faults can happen here: ${options.faults}`)
  const faults: Scheduled[] = []
  let long = random.next() < LONG
  for (let left = 1 + random.below(4); left > 0; left--) {
    const fault = random.pick(choice(possible, long))
    if (fault.isLong) long = false
    faults.push({
      name: fault.name,
      atMs: Math.round(random.between(0, BEGIN_WITHIN_MS)),
      ...fault.draw(random, shape),
    })
  }
  return { seed, faults: faults.sort((a, b) => a.atMs - b.atMs) }
}

function choice(possible: readonly Fault[], long: boolean): readonly Fault[] {
  const short = possible.filter(({ isLong }) => !isLong)
  return long || short.length === 0 ? possible : short
}

export function describeFaults(faults: readonly Scheduled[]): string {
  return faults.map(({ atMs, text }) => `${text} at ${seconds(atMs)}`).join('; ')
}
