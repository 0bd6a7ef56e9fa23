import type { Random } from '../src/random.ts'
import type { Shape } from './shape.ts'
import type { Stage } from './stage.ts'

/** Something that goes wrong in practice. */
export interface Fault {
  readonly name: string
  /** For --help and the documentation. */
  readonly about: string
  /** It takes long: at most one of these comes in a round, and not so often. */
  readonly isLong?: true
  /** Whether it can happen to such a system. */
  possible(shape: Shape): boolean
  /** Draws everything that is random about it, so that a schedule is known before it runs. */
  draw(random: Random, shape: Shape): Drawn
}

export interface Drawn {
  /** A few words: what and for how long. */
  readonly text: string
  /** Does it, waits as long as it lasts, and mends it. What it leaves ended or paused is started at the end of the round. */
  run(stage: Stage): Promise<void>
}

export function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(1)} s`
}
