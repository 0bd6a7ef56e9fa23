import { setTimeout as sleep } from 'node:timers/promises'
import { SESSION_MS } from '../brokers.ts'
import type { Program } from '../program.ts'
import type { Stage } from '../stage.ts'
import type { Fault } from './fault.ts'

const always = (): boolean => true
const hasBrokers = (stage: Stage): boolean => stage.brokers !== undefined

/** Longer than any pause between two tries, so that whoever gave up would have. */
const LONG_MS = { least: 12_000, most: 25_000 } as const

export const killProducer: Fault = {
  name: 'kill-producer',
  does: 'SIGKILL of the producer, which is started again',
  weight: 3,
  applies: always,
  run: (stage, random) => killed(stage, stage.producer, random.below(1_000)),
}

export const killConsumer: Fault = {
  name: 'kill-consumer',
  does: 'SIGKILL of a consumer, which is started again',
  weight: 4,
  applies: always,
  run: (stage, random) => killed(stage, random.pick(stage.consumers), random.below(1_000)),
}

export const killClickHouse: Fault = {
  name: 'kill-clickhouse',
  does: 'SIGKILL of the ClickHouse server, which is started again',
  weight: 3,
  applies: always,
  run: (stage, random) => killed(stage, stage.clickhouse, random.below(3_000)),
}

export const storeAway: Fault = {
  name: 'store-away',
  does: `the ClickHouse server is gone for ${LONG_MS.least / 1_000} to ${LONG_MS.most / 1_000} s, longer than the longest pause between two tries`,
  weight: 0.3,
  applies: always,
  run: (stage, random) => killed(stage, stage.clickhouse, random.between(LONG_MS.least, LONG_MS.most)),
}

export const pauseProducer: Fault = {
  name: 'pause-producer',
  does: 'SIGSTOP and SIGCONT of the producer',
  weight: 1,
  applies: always,
  run: (stage, random) => paused(stage, stage.producer, random.between(500, 4_000)),
}

export const pauseConsumer: Fault = {
  name: 'pause-consumer',
  does: 'SIGSTOP and SIGCONT of a consumer, on Kafka also for longer than its session, so that others get its partitions',
  weight: 2,
  applies: always,
  run: (stage, random) => {
    const most = stage.brokers && random.next() < 0.3 ? 1.5 * SESSION_MS : 4_000
    return paused(stage, random.pick(stage.consumers), random.between(500, most))
  },
}

export const pauseClickHouse: Fault = {
  name: 'pause-clickhouse',
  does: 'SIGSTOP and SIGCONT of the ClickHouse server, also for longer than the time-out of a request',
  weight: 2,
  applies: always,
  run: (stage, random) => paused(stage, stage.clickhouse, random.between(500, 6_000)),
}

export const killBroker: Fault = {
  name: 'kill-broker',
  does: 'SIGKILL of a broker, or its end in good order; it is started again',
  weight: 3,
  applies: hasBrokers,
  run: (stage, random) => {
    const { cluster, ids } = stage.brokers!
    const id = random.pick(ids)
    const signal = random.pick(['SIGKILL', 'SIGTERM'] as const)
    const away = Math.round(random.below(3_000))
    return stage.exclusively('brokers', async () => {
      await cluster.stopBroker(id, signal)
      await sleep(away)
      await cluster.startBroker(id)
      return `broker ${id} ${signal}, away for ${away} ms`
    })
  },
}

export const pauseBroker: Fault = {
  name: 'pause-broker',
  does: 'SIGSTOP and SIGCONT of a broker',
  weight: 2,
  applies: hasBrokers,
  run: (stage, random) => {
    const { cluster, ids } = stage.brokers!
    const id = random.pick(ids)
    const ms = Math.round(random.between(500, 6_000))
    return stage.exclusively('brokers', async () => {
      cluster.signalBroker(id, 'SIGSTOP')
      await sleep(ms)
      cluster.signalBroker(id, 'SIGCONT')
      return `broker ${id} paused for ${ms} ms`
    })
  },
}

async function killed(stage: Stage, program: Program, awayMs: number): Promise<string> {
  const away = Math.round(awayMs)
  return stage.exclusively(program.name, async () => {
    await program.kill()
    await sleep(away)
    program.start()
    return `${program.name} killed, away for ${away} ms`
  })
}

async function paused(stage: Stage, program: Program, forMs: number): Promise<string> {
  const ms = Math.round(forMs)
  return stage.exclusively(program.name, async () => {
    await program.signal('SIGSTOP')
    await sleep(ms)
    await program.signal('SIGCONT')
    return `${program.name} paused for ${ms} ms`
  })
}
