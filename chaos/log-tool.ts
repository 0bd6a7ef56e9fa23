import { setTimeout as sleep } from 'node:timers/promises'
import { openEventLog } from '../src/cli/compose.ts'
import { openWriter } from '../src/cli/writer.ts'
import { loadConfig } from '../src/config/config.ts'
import type { EventLog } from '../src/log/port.ts'
import { silentLogger } from '../src/observe/logger.ts'
import { Random } from '../src/random.ts'
import type { Outgoing } from '../src/send/outgoing.ts'
import { jumpedEvents, repeatsOf } from './messages.ts'

/**
 * What is done to the log itself, in a process of its own: on the embedded log a paused producer can hold the lock that an append waits
 * for, and whoever waits must not be who is to wake it.
 */
export type Order =
  | { readonly what: 'jump' | 'repeat'; readonly seed: number; readonly count: number }
  | { readonly what: 'reset' }

const MESSAGES_PER_APPEND = 50

const order = JSON.parse(process.argv[2] ?? '') as Order
const { config } = loadConfig(process.env)
const { log, ledger, close } = await openEventLog(config, silentLogger())
try {
  if (order.what === 'reset') await reset(log)
  else {
    const random = new Random(order.seed)
    const messages =
      order.what === 'jump'
        ? jumpedEvents(random, order.count, log.partitions, Date.now())
        : await repeatsOf(log, random, order.count, Date.now())
    await send(messages)
  }
} finally {
  await close()
}

/** What the log does not take is given up, as a sender does that has no file to keep it in. */
async function send(messages: readonly Outgoing[]): Promise<void> {
  const writer = await openWriter(log, config)
  for (let i = 0; i < messages.length; i += MESSAGES_PER_APPEND) {
    const some = messages.slice(i, i + MESSAGES_PER_APPEND)
    const sending = ledger.begin(some)
    await writer.append(some, sending).catch(() => sending.givenUp())
  }
}

/** The group reads everything again. No other member may be there. */
async function reset(log: EventLog): Promise<void> {
  const reader = await log.reader(config.kafkaGroup)
  while (reader.assignments().length < log.partitions) {
    await reader.fetch({ maxRecords: 1, maxBytes: 1, maxWaitMs: 100 })
    await sleep(20)
  }
  const bounds = await log.bounds()
  await reader.commit(bounds.map(({ partition, earliest }) => ({ partition, offset: earliest })))
  await reader.close()
}
