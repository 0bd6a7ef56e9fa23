import { Random } from '../src/random.ts'
import type { Options } from './options.ts'

/** What a system is made of. Everything in it comes from the seed and the options. */
export interface Shape {
  readonly log: 'lmdb' | 'kafka'
  readonly consumers: 1 | 3
  /** 0 with the embedded log. */
  readonly brokers: 0 | 1 | 3
  /** `apart`: a process of its own runs ClickHouse, and a proxy stands before it. `own`: the first consumer runs it. */
  readonly store: 'apart' | 'own'
  /** `small`: a file system of its own that can be filled. */
  readonly disk: 'small' | 'large'
}

/** @param number of the system, from 0; each serves `options.perSystem` rounds */
export function shapeOf(options: Options, number: number): Shape {
  const random = new Random(options.seed * 1_000 + number)
  const both = number % 2 === 0 ? 'lmdb' : 'kafka'
  const log = options.log === 'both' ? both : options.log
  // Drawn in any case, so that one option does not change what the others come to.
  const [three, brokers, apart] = [random.next() < 0.5, random.next() < 0.35, random.next() < 0.7]
  const small = random.next() < 0.5
  // The embedded log has one reader a group.
  const consumers = log === 'lmdb' ? 1 : (options.consumers ?? (three ? 3 : 1))
  return {
    log,
    consumers,
    brokers: log === 'lmdb' ? 0 : (options.brokers ?? (brokers ? 3 : 1)),
    store: apart ? 'apart' : 'own',
    disk: options.smallDisk && small ? 'small' : 'large',
  }
}

export function describeShape({ log, consumers, brokers, store, disk }: Shape): string {
  const kafka = log === 'kafka' ? `, ${brokers} broker${brokers === 1 ? '' : 's'}` : ''
  const who = consumers === 1 ? 'one consumer' : `${consumers} consumers`
  const where = store === 'apart' ? 'ClickHouse apart' : 'ClickHouse run by a consumer'
  return `${log}${kafka}, ${who}, ${where}${disk === 'small' ? ', a small disk' : ''}`
}
