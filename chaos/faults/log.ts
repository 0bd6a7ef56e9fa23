import type { LedgerEntry } from '../../src/ledger/port.ts'
import type { LogReader, Position } from '../../src/log/port.ts'
import { Generator } from '../../src/producer/generator/generator.ts'
import type { Random } from '../../src/random.ts'
import type { Outgoing } from '../../src/send/outgoing.ts'
import { retryingWriter } from '../../src/send/retry.ts'
import { eventually } from '../../test/helpers/wait.ts'
import { type OpenedLog, openLog } from '../foreign.ts'
import { GROUP, type Stage } from '../stage.ts'
import type { Fault } from './fault.ts'

const [SECOND, MINUTE, HOUR, DAY] = [1_000, 60_000, 3_600_000, 86_400_000] as const

/** Times of events, beside now: what is counted, and what is told as rejected. */
const JUMPS: readonly { readonly byMs: number; readonly rejected?: 'too_late' | 'in_future' }[] = [
  { byMs: -10 * SECOND },
  { byMs: -90 * SECOND },
  { byMs: -61 * MINUTE },
  { byMs: -5 * HOUR },
  { byMs: -3 * DAY },
  { byMs: -20 * DAY },
  { byMs: 2 * MINUTE },
  { byMs: -60 * DAY, rejected: 'too_late' },
  { byMs: 2 * DAY, rejected: 'in_future' },
]

/** Views that were acknowledged, to be sent again much later; of each system. */
const sentBefore = new WeakMap<Stage, Outgoing[]>()
const REMEMBERED = 2_000

export const clockJump: Fault = {
  name: 'clock-jump',
  does: "a sender's clock jumps: its events are hours, days or months old, or of the future; some of those that it sent in earlier rounds come again in other partitions",
  weight: 3,
  applies: () => true,
  async run(stage, random) {
    const jump = random.pick(JUMPS)
    const generator = new Generator({
      seed: random.bits(),
      shares: { bounces: 0.2, invalid: 0, repeats: 0 },
    })
    return besideProducer(stage, async () => {
      await using opened = await openLog(stage)
      const { partitions } = opened.log
      const events = Array.from({ length: 20 + random.below(300) }, (): Outgoing => {
        const nowMs = Date.now()
        const { key, value, entry } = generator.next(nowMs + jump.byMs)
        const told: LedgerEntry = jump.rejected ? { kind: 'invalid', reason: jump.rejected } : entry
        return {
          record: { partition: random.below(partitions), key, value, timestampMs: nowMs },
          entry: told,
        }
      })
      const before = sentBefore.get(stage) ?? []
      const again = Array.from({ length: Math.min(100, before.length) }, (): Outgoing => {
        const { record } = random.pick(before)
        const partition = (record.partition + 1 + random.below(partitions - 1)) % partitions
        return { record: { ...record, partition, timestampMs: Date.now() }, entry: { kind: 'repeat' } }
      })
      const sent = await send(opened, events, random)
      if (sent && !jump.rejected) sentBefore.set(stage, [...before, ...events].slice(-REMEMBERED))
      await send(opened, again, random)
      return `${events.length} events ${Math.round(jump.byMs / SECOND)} s beside the clock, ${again.length} of earlier ones again`
    })
  },
}

/**
 * While we have the files of the log or the ledger open, the producer may not stand still: it could hold their lock, for which we would
 * wait with all of this process, and who should wake it is this process.
 */
function besideProducer<T>(stage: Stage, run: () => Promise<T>): Promise<T> {
  return stage.exclusively(stage.producer.name, run)
}

/** @returns whether they are acknowledged */
async function send(
  { log, ledger }: OpenedLog,
  messages: readonly Outgoing[],
  random: Random,
): Promise<boolean> {
  if (messages.length === 0) return false
  const writer = retryingWriter(await log.writer(), {
    attempts: 8,
    firstPauseMs: 100,
    longestPauseMs: 3_000,
    random: () => random.next(),
  })
  const sending = ledger.begin(messages)
  try {
    await writer.append(
      messages.map(({ record }) => record),
      sending,
    )
    return true
  } catch {
    sending.givenUp()
    return false
  } finally {
    await writer.close()
  }
}

export const redelivery: Fault = {
  name: 'redelivery',
  does: "the consumers are ended, the group's positions of some partitions are set back to the beginning, and the consumers started again",
  weight: 2,
  applies: () => true,
  async run(stage, random) {
    const isAbrupt = random.next() < 0.5
    const names = stage.consumers.map(({ name }) => name)
    const partitions = [0, 1, 2, 3, 4, 5].filter(() => random.next() < 0.5)
    const locked = names.reduce<() => Promise<string>>(
      (inner, name) => () => stage.exclusively(name, inner),
      async () => {
        for (const consumer of stage.consumers) await (isAbrupt ? consumer.kill() : consumer.end())
        await stage.exclusively('brokers', () => besideProducer(stage, () => setBack(stage, partitions)))
        for (const consumer of stage.consumers) consumer.start()
        return `partitions ${partitions.join(', ')} again from their beginning, consumers ${isAbrupt ? 'killed' : 'ended'}`
      },
    )
    return locked()
  },
}

async function setBack(stage: Stage, partitions: readonly number[]): Promise<void> {
  if (partitions.length === 0) return
  await using opened = await openLog(stage)
  const { log } = opened
  const reader = await eventually('the group to be free', () => log.reader(GROUP))
  try {
    await eventually('all partitions to be ours', () => ownsAll(reader, log.partitions))
    const bounds = await log.bounds()
    const positions: Position[] = partitions.map((partition) => ({
      partition,
      offset: bounds[partition]!.earliest,
    }))
    await reader.commit(positions)
  } finally {
    await reader.close()
  }
}

async function ownsAll(reader: LogReader, partitions: number): Promise<boolean> {
  await reader.fetch({ maxRecords: 1, maxBytes: 1, maxWaitMs: 100 })
  return reader.assignments().length === partitions
}
