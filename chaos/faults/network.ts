import { setTimeout as sleep } from 'node:timers/promises'
import type { Random } from '../../src/random.ts'
import type { FaultProxy, Fault as Harm } from '../../test/helpers/fault-proxy.ts'
import type { Stage } from '../stage.ts'
import type { Fault } from './fault.ts'

export const cutStore: Fault = {
  name: 'cut-store',
  does: 'between consumers and ClickHouse: connections refused, answers lost or cut, nothing passed on, or an error status of a proxy',
  weight: 4,
  applies: () => true,
  run: (stage, random) => {
    const status = random.pick([408, 429, 500, 502, 503, 504])
    const harm = random.pick<Harm>([
      ...TCP_HARMS,
      { kind: 'cut-answer', bytes: random.below(400) },
      { kind: 'status', status, body: '<h1>Later</h1>' },
    ])
    return harmed(stage, stage.storeProxy, 'ClickHouse', harm, random)
  },
}

export const slowStore: Fault = {
  name: 'slow-store',
  does: 'between consumers and ClickHouse everything takes longer',
  weight: 1,
  applies: () => true,
  run: (stage, random) =>
    harmed(stage, stage.storeProxy, 'ClickHouse', { kind: 'delay', ms: 20 + random.below(400) }, random),
}

export const cutProducer: Fault = {
  name: 'cut-producer',
  does: 'between the producer and the broker: connections refused, answers lost, or nothing passed on',
  weight: 3,
  applies: ({ brokers }) => brokers?.producerProxy !== undefined,
  run: (stage, random) =>
    harmed(
      stage,
      stage.brokers!.producerProxy!,
      'the broker, for the producer',
      random.pick(TCP_HARMS),
      random,
    ),
}

export const cutConsumer: Fault = {
  name: 'cut-consumer',
  does: 'between consumers and the broker: connections refused, answers lost, or nothing passed on',
  weight: 3,
  applies: ({ brokers }) => brokers?.consumerProxy !== undefined,
  run: (stage, random) =>
    harmed(stage, stage.brokers!.consumerProxy!, 'the broker, for consumers', random.pick(TCP_HARMS), random),
}

export const slowLog: Fault = {
  name: 'slow-log',
  does: 'between the producer or the consumers and the broker everything takes longer',
  weight: 1,
  applies: ({ brokers }) => brokers?.producerProxy !== undefined,
  run: (stage, random) => {
    const proxy = random.pick([stage.brokers!.producerProxy!, stage.brokers!.consumerProxy!])
    return harmed(stage, proxy, 'the broker', { kind: 'delay', ms: 20 + random.below(400) }, random)
  },
}

const TCP_HARMS: readonly Harm[] = [{ kind: 'refuse' }, { kind: 'lose-answer' }, { kind: 'stall' }]

async function harmed(
  stage: Stage,
  proxy: FaultProxy,
  what: string,
  harm: Harm,
  random: Random,
): Promise<string> {
  const ms = Math.round(random.between(300, 4_000))
  return stage.exclusively(`proxy ${proxy.port}`, async () => {
    proxy.break(harm)
    await sleep(ms)
    proxy.heal()
    return `${what}: ${JSON.stringify(harm)} for ${ms} ms`
  })
}
