import { partitionForKey } from '../event/partitioner.ts'
import { Random } from '../random.ts'
import { pick, type Weights } from './weights.ts'

/** By page, so that a page's events keep their order; each partition in turn; or any. */
export type Partitioning = 'page' | 'round-robin' | 'random'

export type PartitioningWeights = Weights<Partitioning>

export interface PartitionerOptions {
  readonly partitions: number
  readonly weights: PartitioningWeights
  readonly seed: number
}

/** Pages whose partition is remembered; more are computed each time. */
const REMEMBERED = 10_000

/** Chooses partitions, by weight in one of three ways. */
export class Partitioner {
  readonly #partitions: number
  readonly #random: Random
  readonly #ofPage = new Map<string, number>()
  #weights: PartitioningWeights
  #turn = 0

  constructor({ partitions, weights, seed }: PartitionerOptions) {
    this.#partitions = partitions
    this.#weights = weights
    this.#random = new Random(seed)
  }

  get weights(): PartitioningWeights {
    return this.#weights
  }

  setWeights(weights: PartitioningWeights): void {
    this.#weights = weights
  }

  choose(pageId: string): number {
    switch (pick(this.#weights, this.#random.next())) {
      case 'page':
        return this.#byPage(pageId)
      case 'round-robin':
        this.#turn = (this.#turn + 1) % this.#partitions
        return this.#turn
      case 'random':
        return this.#random.below(this.#partitions)
    }
  }

  #byPage(pageId: string): number {
    let partition = this.#ofPage.get(pageId)
    if (partition === undefined) {
      partition = partitionForKey(Buffer.from(pageId), this.#partitions)
      if (this.#ofPage.size < REMEMBERED) this.#ofPage.set(pageId, partition)
    }
    return partition
  }
}
