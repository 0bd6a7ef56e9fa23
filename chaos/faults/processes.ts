import { setTimeout as sleep } from 'node:timers/promises'
import type { Random } from '../../src/random.ts'
import { type Fault, seconds } from '../fault.ts'
import type { Service } from '../service.ts'
import { SESSION_MS } from '../stage.ts'

const anywhere = (): boolean => true

/** Some faults are over before anybody notices, some last. */
function howLong(random: Random, longestMs: number): number {
  return Math.round(longestMs * random.next() ** 2)
}

const killProducer: Fault = {
  name: 'kill-producer',
  about: 'SIGKILL to the producer, which is started again',
  possible: anywhere,
  draw(random) {
    const awayMs = howLong(random, 1_500)
    return {
      text: `kill the producer, away ${seconds(awayMs)}`,
      run: (stage) => killed(stage.producer, awayMs),
    }
  },
}

const killConsumer: Fault = {
  name: 'kill-consumer',
  about: 'SIGKILL to a consumer, which is started again',
  possible: anywhere,
  draw(random, { consumers }) {
    const [which, awayMs] = [random.below(consumers), howLong(random, 2_000)]
    return {
      text: `kill consumer ${which + 1}, away ${seconds(awayMs)}`,
      run: (stage) => killed(stage.consumers[which]!, awayMs),
    }
  },
}

const endConsumer: Fault = {
  name: 'end-consumer',
  about: 'SIGTERM to a consumer, which is started again: a release',
  possible: anywhere,
  draw(random, { consumers }) {
    const which = random.below(consumers)
    return {
      text: `end consumer ${which + 1} in good order`,
      run: (stage) => {
        const consumer = stage.consumers[which]!
        return consumer.exclusively(async () => {
          await consumer.end('SIGTERM')
          consumer.start()
        })
      },
    }
  },
}

const killStore: Fault = {
  name: 'kill-store',
  about: 'SIGKILL to the local ClickHouse server; whoever runs it starts it again',
  possible: anywhere,
  draw() {
    return {
      text: 'kill ClickHouse',
      run: async (stage) => {
        const pid = await stage.storeServerPid()
        if (pid !== undefined) signal(pid, 'SIGKILL')
      },
    }
  },
}

const killStoreOwner: Fault = {
  name: 'kill-store-owner',
  about: 'SIGKILL to the process that runs the local ClickHouse server',
  possible: ({ store }) => store === 'apart',
  draw(random) {
    const awayMs = howLong(random, 2_000)
    return {
      text: `kill the owner of ClickHouse, away ${seconds(awayMs)}`,
      run: (stage) => killed(stage.store!, awayMs),
    }
  },
}

const pauseProducer: Fault = {
  name: 'pause-producer',
  about: 'SIGSTOP, later SIGCONT, to the producer',
  possible: anywhere,
  draw(random) {
    const forMs = howLong(random, 4_000)
    return { text: `pause the producer for ${seconds(forMs)}`, run: (stage) => paused(stage.producer, forMs) }
  },
}

const pauseConsumer: Fault = {
  name: 'pause-consumer',
  about: 'SIGSTOP, later SIGCONT, to a consumer; on Kafka now and then for longer than its session',
  possible: anywhere,
  draw(random, { consumers, log }) {
    const which = random.below(consumers)
    const beyond = random.next() < 0.3 && log === 'kafka'
    const forMs = beyond ? Math.round(SESSION_MS * random.between(1.1, 1.6)) : howLong(random, 4_000)
    return {
      text: `pause consumer ${which + 1} for ${seconds(forMs)}`,
      run: (stage) => paused(stage.consumers[which]!, forMs),
    }
  },
}

const pauseStore: Fault = {
  name: 'pause-store',
  about: 'SIGSTOP, later SIGCONT, to the ClickHouse server; now and then for longer than a request may take',
  possible: anywhere,
  draw(random) {
    const forMs = howLong(random, 7_000)
    return {
      text: `pause ClickHouse for ${seconds(forMs)}`,
      run: async (stage) => {
        const pid = await stage.storeServerPid()
        if (pid === undefined) return
        signal(pid, 'SIGSTOP')
        await sleep(forMs)
        signal(pid, 'SIGCONT')
      },
    }
  },
}

const storeAway: Fault = {
  name: 'store-away',
  isLong: true,
  about:
    'ClickHouse is ended, and comes back after longer than every time-out and every pause between attempts has grown',
  possible: ({ store }) => store === 'apart',
  draw(random) {
    const awayMs = Math.round(random.between(8_000, 12_000))
    return {
      text: `ClickHouse is away for ${seconds(awayMs)}`,
      run: (stage) =>
        stage.store!.exclusively(async () => {
          await stage.store!.end('SIGTERM')
          await sleep(awayMs)
          stage.store!.start()
        }),
    }
  },
}

async function killed(service: Service, awayMs: number): Promise<void> {
  await service.exclusively(async () => {
    await service.end('SIGKILL')
    await sleep(awayMs)
    service.start()
  })
}

async function paused(service: Service, forMs: number): Promise<void> {
  await service.exclusively(async () => {
    service.pause()
    await sleep(forMs)
    service.resume()
  })
}

/** The server may have ended meanwhile. */
function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}

export const PROCESSES: readonly Fault[] = [
  killProducer,
  killConsumer,
  endConsumer,
  killStore,
  killStoreOwner,
  pauseProducer,
  pauseConsumer,
  pauseStore,
  storeAway,
]
