import { setTimeout as sleep } from 'node:timers/promises'
import { type Fault, seconds } from '../fault.ts'
import type { Stage } from '../stage.ts'

const anywhere = (): boolean => true

const clockJump: Fault = {
  name: 'clock-jump',
  about: 'a sender whose clock jumps: hours and days back, minutes ahead, and beyond what is taken',
  possible: anywhere,
  draw(random) {
    const [seed, count] = [random.bits(), 20 + random.below(300)]
    return {
      text: `${count} events of a clock that jumps`,
      run: (stage) => stage.order({ what: 'jump', seed, count }),
    }
  },
}

const lateRepeats: Fault = {
  name: 'late-repeats',
  about: 'page views from anywhere in the log come again in other partitions, hours of event time later',
  possible: anywhere,
  draw(random) {
    const [seed, count] = [random.bits(), 20 + random.below(200)]
    return {
      text: `${count} repeats in other partitions`,
      run: (stage) => stage.order({ what: 'repeat', seed, count }),
    }
  },
}

const redelivery: Fault = {
  name: 'redelivery',
  about: 'all consumers are ended and the positions of all partitions set back to the beginning',
  isLong: true,
  possible: anywhere,
  draw(random, { log }) {
    // On Kafka whoever was killed stays a member until its session ends, and nobody else gets its partitions before.
    const signal = log === 'lmdb' && random.next() < 0.5 ? 'SIGKILL' : 'SIGTERM'
    return {
      text: `everything is delivered again after ${signal}`,
      run: (stage) =>
        allConsumers(stage, async () => {
          await Promise.all(stage.consumers.map((consumer) => consumer.end(signal)))
          await stage.order({ what: 'reset' })
          for (const consumer of stage.consumers) consumer.start()
        }),
    }
  },
}

const twoRollUps: Fault = {
  name: 'two-roll-ups',
  about:
    'a consumer of another group reads everything from the beginning, writes the same rows and rolls up, and is killed',
  possible: anywhere,
  draw(random) {
    const [forMs, group] = [Math.round(random.between(1_500, 5_000)), `beside-${random.bits()}`]
    return {
      text: `a second consumer that rolls up for ${seconds(forMs)}`,
      run: async (stage) => {
        const beside = stage.consumerBeside(group)
        beside.start()
        await sleep(forMs)
        if (beside.surprise) throw new Error(beside.surprise)
        await beside.end('SIGKILL')
      },
    }
  },
}

const audit: Fault = {
  name: 'audit',
  isLong: true,
  about: '`millrace verify` runs meanwhile, and must not take what is on its way for missing',
  possible: anywhere,
  draw() {
    return {
      text: 'an audit',
      run: async (stage) => {
        const { status, stdout } = await stage.run(['verify', '--json', '--patience', '20'])
        if (status === 1)
          throw new Error(`an audit under way says that something differs: ${stdout.slice(0, 5_000)}`)
      },
    }
  },
}

/** No other fault may start one of them meanwhile. Always in one order, so that two who want all do not wait for each other. */
function allConsumers(stage: Stage, doing: () => Promise<void>): Promise<void> {
  return stage.consumers.reduceRight<() => Promise<void>>(
    (inner, consumer) => () => consumer.exclusively(inner),
    doing,
  )()
}

export const LOG: readonly Fault[] = [clockJump, lateRepeats, redelivery, twoRollUps, audit]
