import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { openKafkaLog } from '../../src/log/kafka/open.ts'
import type { EventLog } from '../../src/log/port.ts'
import type { CheckName, VerifyReport } from '../../src/verify/report.ts'
import { processTree } from '../helpers/system.ts'
import { eventually } from '../helpers/wait.ts'
import type { Stage } from './stage.ts'

const TOPIC = 'page-views'
const GROUP = 'millrace'

/** What is done to a topic while the whole program uses it. */
async function topicTool(stage: Stage, ...args: string[]): Promise<void> {
  await stage.kafka.tool('org.apache.kafka.tools.TopicCommand', [
    '--bootstrap-server',
    stage.kafka.bootstrap,
    '--topic',
    TOPIC,
    ...args,
  ])
}

/** Asks the brokers, and leaves. */
async function asking<T>(stage: Stage, ask: (log: EventLog) => Promise<T>): Promise<T> {
  const { log, close } = await openKafkaLog({
    brokers: stage.kafka.bootstrap.split(','),
    topic: TOPIC,
    createTopic: false,
  })
  try {
    return await ask(log)
  } finally {
    await close()
  }
}

/** How many messages the topic has had since it was made. */
function endOf(stage: Stage): Promise<number> {
  return asking(stage, async (log) => (await log.bounds()).reduce((sum, { end }) => sum + end, 0))
}

function checksOf({ differences }: VerifyReport): CheckName[] {
  return [...new Set(differences.map(({ check }) => check))]
}

/** Aggregates are what raw says, and what raw has not is explained. */
function assertExplained(t: TestContext, { status, report }: Awaited<ReturnType<Stage['verify']>>): void {
  const checks = checksOf(report)
  t.diagnostic(`verify: ${report.differences_total} differences, of ${checks.join(', ')}`)
  assert.equal(status, 1, 'a loss is no agreement')
  assert.ok(checks.includes('gone'), checks.join())
  assert.equal(report.verdict, 'differs')
  for (const check of ['slice', 'minute', 'hour'] as const) {
    assert.ok(!checks.includes(check), check)
  }
}

/** The consumer finds new partitions by itself; the producer goes on with those that it began with, until it is started again. */
export async function partitionsAdded(t: TestContext, stage: Stage): Promise<void> {
  await topicTool(stage, '--alter', '--partitions', '8')
  await eventually('the consumers to have the new partitions', async () => {
    const all = await Promise.all(stage.urls.map((url) => stage.system.get(`${url}/status`)))
    return [6, 7].every((partition) => all.some(({ assignments }) => assignments.includes(partition)))
  })
  await stage.counts(500)
  const ends = () => asking(stage, async (log) => (await log.bounds()).map(({ end }) => end))
  assert.deepEqual((await ends()).slice(6), [0, 0])
  const { producer } = stage
  producer!.child.kill('SIGTERM')
  await producer!.ended
  stage.startProducer()
  await eventually('the new partitions to be used', async () =>
    (await ends()).slice(6).every((end) => end > 0),
  )
  await stage.agrees(t)
}

/** The records before these offsets, as retention deletes them. */
async function deleteRecords(
  stage: Stage,
  before: readonly { readonly partition: number; readonly offset: number }[],
): Promise<void> {
  const file = join(stage.system.dataDir, 'delete.json')
  const partitions = before.map(({ partition, offset }) => ({ topic: TOPIC, partition, offset }))
  await writeFile(file, JSON.stringify({ version: 1, partitions }))
  await stage.kafka.tool('org.apache.kafka.tools.DeleteRecordsCommand', [
    '--bootstrap-server',
    stage.kafka.bootstrap,
    '--offset-json-file',
    file,
  ])
}

/** Nothing is sent, and all that was sent is read. */
async function allRead(stage: Stage): Promise<void> {
  await stage.pause()
  await eventually('all to be read', async () => {
    const [end, committed] = await stage.positions()
    return end === committed
  })
}

/** What is gone from the log after it was read is missed by nobody. */
export async function readRecordsDeleted(t: TestContext, stage: Stage): Promise<void> {
  await allRead(stage)
  const committed = await asking(stage, (log) => log.committed(GROUP))
  await deleteRecords(stage, committed)
  const bounds = await asking(stage, (log) => log.bounds())
  assert.deepEqual(
    bounds.map(({ earliest }) => earliest),
    bounds.map(({ end }) => end),
    'nothing is left',
  )
  await stage.resume()
  await stage.counts(500)
  await stage.agrees(t)
}

/** A topic that was read to its end is removed and made again: nothing is lost, and the new one is read from its beginning. */
export async function readTopicMadeAgain(t: TestContext, stage: Stage): Promise<void> {
  await allRead(stage)
  await topicTool(stage, '--delete')
  await eventually('the topic to be made again', async () => {
    await topicTool(stage, '--create', '--partitions', '8', '--replication-factor', '3')
    return true
  })
  await stage.resume()
  await eventually('the new topic to be used', async () => (await endOf(stage)) > 500)
  const report = await stage.agrees(t)
  assert.ok(report.unchecked.some(({ what }) => what === 'former_topic'))
  assert.ok(report.notes.some((note) => /removed and made again/.test(note)))
}

/** As retention does it: while no consumer runs, a part of what they have not read is deleted. */
export async function recordsDeleted(t: TestContext, stage: Stage): Promise<void> {
  await stage.counts(0)
  for (const url of stage.urls) await stage.end(url, 'SIGTERM')
  const { sent } = await stage.system.producerStatus()
  await eventually('a backlog', async () => (await stage.sent()) > sent + 1_000)
  await stage.pause()
  const deleted = await asking(stage, async (log) => {
    const committed = new Map(
      (await log.committed(GROUP)).map(({ partition, offset }) => [partition, offset]),
    )
    return (await log.bounds()).map(({ partition, end }) => {
      const from = committed.get(partition) ?? 0
      return { partition, end, from, until: Math.floor((from + end) / 2) }
    })
  })
  await deleteRecords(
    stage,
    deleted.map(({ partition, until }) => ({ partition, offset: until })),
  )
  const lost = deleted.reduce((sum, { from, until }) => sum + until - from, 0)
  const left = deleted.reduce((sum, { until, end }) => sum + end - until, 0)
  t.diagnostic(`${lost} messages deleted unread, ${left} left`)
  const url = await stage.addConsumer()
  await eventually('what is left to be read', async () => {
    const status = await stage.system.get(`${url}/status`)
    return status.lag === 0 && status.processed >= left
  })
  const status = await stage.system.get(`${url}/status`)
  assert.deepEqual([status.lost, status.processed], [lost, left])
  const metrics = await (await fetch(`${url}/metrics`)).text()
  const [, counted] = /^millrace_messages_lost_total\{.*\} (\d+)$/m.exec(metrics) ?? []
  assert.equal(Number(counted), lost)
  const program = stage.consumers.get(url)!
  assert.match(program.stdout + program.stderr, /MESSAGES ARE GONE from partition/)
  const audit = await stage.verify()
  assertExplained(t, audit)
  const gone = audit.report.differences.filter(({ check }) => check === 'gone')
  assert.equal(
    gone.reduce((sum, { found }) => sum + Number.parseInt(found, 10), 0),
    lost,
  )
  await stage.resume()
  await stage.counts(500)
}

/** With a store that hangs the consumer lags behind; so it knows what it did not read, and says so. */
export async function topicMadeAgain(t: TestContext, stage: Stage): Promise<void> {
  await stage.resume()
  for (const url of stage.urls) await stage.end(url, 'SIGTERM')
  const from = await asking(stage, async (log) => {
    const committed = new Map(
      (await log.committed(GROUP)).map(({ partition, offset }) => [partition, offset]),
    )
    const bounds = await log.bounds()
    return bounds.reduce(
      (sum, { partition, earliest }) => sum + Math.max(earliest, committed.get(partition) ?? 0),
      0,
    )
  })
  const url = await stage.addConsumer('--consumer-batch-size', '100')
  const statusOf = () => stage.system.get(`${url}/status`)
  await eventually('the consumer to have partitions', async () => (await statusOf()).assignments.length === 8)
  await stage.counts(500)
  // It hangs: if it ended, the consumer would start another one, and read on.
  const server = (await processTree(stage.clickhouse!.child.pid!)).at(-1)!
  process.kill(server, 'SIGSTOP')
  t.after(() => resumeProcess(server))
  // More than the consumer fetches ahead: what it holds is written, and not lost. One by one would take minutes.
  await stage.system.post(`${stage.system.producerUrl}/config/strategies?sync=0&async=0&batch=1`)
  await stage.system.post(`${stage.system.producerUrl}/generate/burst?count=40000`)
  await eventually('a backlog', async () => {
    const { sent, retries, failed, dropped, burst_left: left } = await stage.system.producerStatus()
    const { lag } = await statusOf()
    assert.ok(
      lag > 40_000,
      `lag ${lag}; sent ${sent}, retries ${retries}, failed ${failed}, dropped ${dropped}, ${left} of the burst left`,
    )
    return true
  })
  await stage.pause()
  await eventually('the backlog to be known', async () => {
    const status = await statusOf()
    const ends = await asking(stage, async (log) => (await log.bounds()).map(({ end }) => end))
    return status.partitions.every(({ end }: { end: number }, i: number) => end === ends[i])
  })
  const before = await statusOf()
  const given = before.partitions.reduce((sum: number, { end }: { end: number }) => sum + end, 0) - from
  await topicTool(stage, '--delete')
  await eventually('the topic to be made again', async () => {
    await topicTool(stage, '--create', '--partitions', '8', '--replication-factor', '3')
    return true
  })
  await stage.resume()
  await eventually('the new topic to be used', async () => (await endOf(stage)) > 500)
  await stage.pause()
  // Not before: the brokers give the partitions of the new topic anew, and what was read of it until then is read, and counted, again.
  resumeProcess(server)
  const messages = await endOf(stage)
  const after = await eventually('all to be read', async () => {
    const status = await statusOf()
    assert.ok(status.gaps > 0)
    assert.equal(status.lag, 0)
    assert.equal(
      status.processed + status.lost,
      given + messages,
      'each message is read once, or told as lost',
    )
    return status
  })
  t.diagnostic(`${after.lost} messages lost with the topic, ${messages} in the new one`)
  assert.ok(after.lost > 0)
  const program = stage.consumers.get(url)!
  assert.match(program.stdout + program.stderr, /THE TOPIC WAS REMOVED AND MADE AGAIN/)
  const audit = await stage.verify()
  assertExplained(t, audit)
  assert.ok(audit.report.notes.some((note) => /removed and made again/.test(note)))
}

/** Lets it go on when it is there still. */
function resumeProcess(pid: number): void {
  try {
    process.kill(pid, 'SIGCONT')
  } catch {
    // It has ended with its system.
  }
}
