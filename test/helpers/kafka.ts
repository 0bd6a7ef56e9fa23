import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, type TestContext, test } from 'node:test'
import { Admin } from '@platformatic/kafka'
import { quickStart } from './kafka-archive.ts'
import { KafkaCluster } from './kafka-cluster.ts'
import { type KafkaVersion, whyNoKafka } from './kafka-libs.ts'
import { eventually } from './wait.ts'

export interface TestKafkaOptions {
  readonly version: KafkaVersion
  readonly brokers?: 1 | 3
  readonly properties?: Readonly<Record<string, string>>
}

/** Whether brokers can run here. When they can't, a skipped test says so loudly; on CI it fails. */
export function canRunKafka(): boolean {
  const reason = whyNoKafka()
  if (reason === undefined) return true
  const mustRun = process.env.CI === 'true' || process.env.MILLRACE_CI === '1'
  test('tests on real Kafka brokers', { skip: mustRun ? false : reason }, () => {
    throw new Error(reason)
  })
  if (!mustRun) process.stderr.write(`\nNOT TESTED: ${reason}.\n\n`)
  return false
}

/** Real brokers of the test's own, ended when the test is over. Ask `canRunKafka()` first. */
export async function startKafka(t: TestContext, options: TestKafkaOptions): Promise<KafkaCluster> {
  const { cluster, end } = await startCluster(options)
  t.after(end)
  return cluster
}

/** Brokers that the tests of a file share. Call it at the top level; what it gives back may be called within tests. */
export function sharedKafka(options: TestKafkaOptions): () => KafkaCluster {
  let started: Awaited<ReturnType<typeof startCluster>> | undefined
  before(async () => {
    started = await startCluster(options)
  })
  after(() => started?.end())
  return () => {
    if (!started) throw new Error('the brokers run while the tests of this file do')
    return started.cluster
  }
}

async function startCluster({ version, brokers = 1, properties = {} }: TestKafkaOptions) {
  const directory = await mkdtemp(join(tmpdir(), 'millrace-kafka-'))
  const remove = (): Promise<void> =>
    rm(directory, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 })
  try {
    const cluster = await KafkaCluster.start({
      version,
      brokers,
      directory,
      properties,
      javaFlags: await quickStart(version),
    })
    const end = async (): Promise<void> => {
      await cluster[Symbol.asyncDispose]()
      await remove()
    }
    await whenReady(cluster.bootstrap, brokers).catch(async (error: unknown) => {
      await end()
      throw error
    })
    return { cluster, end }
  } catch (error) {
    await remove()
    throw error
  }
}

/** Groups that lie on different partitions of the topic that holds their positions, most probably on all. */
const SOME_GROUPS = Array.from({ length: 12 }, (_, i) => `ready-${i}`)

/** Waits until all brokers know each other and answer for consumer groups. */
export async function whenReady(bootstrap: string, brokers: number): Promise<void> {
  const admin = new Admin({
    clientId: 'test',
    bootstrapBrokers: bootstrap.split(','),
    retries: 0,
    strict: true,
  })
  try {
    await eventually('the brokers to know each other', async () => {
      const { brokers: known } = await admin.metadata({ forceUpdate: true })
      return known.size >= brokers
    })
    await eventually('the brokers to answer for groups', async () => {
      for (const group of SOME_GROUPS) await admin.listConsumerGroupOffsets({ groups: [group] })
      return true
    })
  } finally {
    await admin.close()
  }
}
