import { setTimeout as sleep } from 'node:timers/promises'
import type { Random } from '../../src/random.ts'
import { type Drawn, type Fault, seconds } from '../fault.ts'
import type { Shape } from '../shape.ts'
import type { Weather } from '../wire.ts'

/** Which connection: the names of Stage.doors. */
function anyDoor(random: Random, doors: readonly string[], forMs: number, weather: Weather): Drawn {
  const door = random.pick(doors)
  const what = { fair: '', cut: 'cut', silent: 'silence', slow: 'slow' }[weather.kind]
  const ms = weather.kind === 'slow' ? ` by ${weather.ms} ms` : ''
  return {
    text: `${what}${ms} between ${door}, ${seconds(forMs)}`,
    run: async (stage) => {
      const proxy = stage.doors.get(door)!
      proxy.set(weather)
      await sleep(forMs)
      proxy.set({ kind: 'fair' })
    },
  }
}

/** The connections of a system that lead through a proxy. */
export function doorsOf({ store, brokers }: Shape): string[] {
  const logs = Array.from({ length: brokers }, (_, i) => [
    `producer and broker ${i + 1}`,
    `consumers and broker ${i + 1}`,
  ])
  return [...(store === 'apart' ? ['consumers and ClickHouse'] : []), ...logs.flat()]
}

const hasDoors = (shape: Shape): boolean => doorsOf(shape).length > 0

export const NETWORK: readonly Fault[] = [
  {
    name: 'cut',
    about: 'connections between two parts end, and no new ones are taken for a while',
    possible: hasDoors,
    draw: (random, shape) =>
      anyDoor(random, doorsOf(shape), Math.round(random.between(50, 3_000)), { kind: 'cut' }),
  },
  {
    name: 'silence',
    about: 'connections between two parts stay, and nothing gets through',
    possible: hasDoors,
    draw: (random, shape) =>
      anyDoor(random, doorsOf(shape), Math.round(random.between(500, 7_000)), { kind: 'silent' }),
  },
  {
    name: 'slow',
    about: 'what two parts say to each other comes late',
    possible: hasDoors,
    draw(random, shape) {
      const ms = 10 + random.below(400)
      return anyDoor(random, doorsOf(shape), Math.round(random.between(500, 4_000)), { kind: 'slow', ms })
    },
  },
]
