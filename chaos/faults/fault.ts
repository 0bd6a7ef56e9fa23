import type { Random } from '../../src/random.ts'
import type { Stage } from '../stage.ts'

/** Something that goes wrong, and is right again when it has run. */
export interface Fault {
  readonly name: string
  /** What it does to whom, for the documentation. */
  readonly does: string
  /** How often it is chosen beside the others. */
  readonly weight: number
  /** Whether it can happen to this system. */
  applies(stage: Stage): boolean
  /** @returns what was done, with its random choices, in a few words */
  run(stage: Stage, random: Random): Promise<string>
}
