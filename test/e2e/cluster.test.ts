import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { type TestContext, test } from 'node:test'
import type { Cluster } from '../../src/store/cluster.ts'
import { Database } from '../../src/store/database.ts'
import { startTestCluster, type TestCluster } from '../helpers/cluster.ts'
import { readLog } from '../helpers/expected.ts'
import { freePorts } from '../helpers/ports.ts'
import { start } from '../helpers/program.ts'
import { processTree, System } from '../helpers/system.ts'
import { eventually } from '../helpers/wait.ts'

/** The whole program on a cluster of real servers, each of them one shard. What needs Keeper, replicas, is not in here. */
test('the whole program on 3 shards: what was sent is what is answered', async (t) => {
  const { cluster, system } = await systemOn(t, 3)
  const program = await system.up()
  await system.post(`${system.producerUrl}/generate/burst?count=20000`)
  await eventually('the burst to be sent', async () => (await system.producerStatus()).sent >= 20_000)
  await system.post(`${system.producerUrl}/generate/pause`)
  await answersEqualLog(system)
  await dashboardEqualsLog(system)
  assert.equal(
    (await system.sql('SELECT count() AS views FROM page_views'))[0]?.views,
    (await readLog(system.dataDir)).totals.views,
  )
  const views = await spread(cluster, 'page_views_raw_local', 'event_id')
  const errors = await spread(cluster, 'processing_errors_local', 'kafka_partition, kafka_offset')
  for (const rows of [...views, ...errors]) assert.ok(rows > 0, `views ${views}, errors ${errors}`)
  const { totals, invalid } = await readLog(system.dataDir)
  assert.equal(sum(views), totals.views)
  assert.equal(sum(errors), invalid)

  await redeliverAll(system)
  await answersEqualLog(system)
  assert.deepEqual(await spread(cluster, 'page_views_raw_local', 'event_id'), views)

  await mendOne(system)
  const ended = await program.interrupt()
  assert.equal(ended.status, 0, ended.stderr)
})

test('a shard away for a while: health says so, and it goes on by itself with nothing lost', async (t) => {
  const { cluster, system } = await systemOn(t, 3)
  const program = await system.up()
  await eventually('events to flow', async () => (await system.consumerStatus()).valid > 0)
  for (const shard of [1, 0]) {
    await cluster.stop(shard)
    await system.post(`${system.producerUrl}/generate/burst?count=2000`)
    await eventually('health to say so', async () => {
      return (await fetch(`${system.consumerUrl}/health`)).status === 503
    })
    await cluster.start(shard)
    await eventually('the consumer to be healthy', async () => {
      return (await fetch(`${system.consumerUrl}/health`)).ok
    })
  }
  await system.post(`${system.producerUrl}/generate/pause`)
  await answersEqualLog(system)
  assert.equal((await program.interrupt()).status, 0)
})

test('servers of shards killed under load: what one of them has and another has not comes again', async (t) => {
  const { system } = await systemOn(t, 3, { MILLRACE_SPEED: '500' })
  const program = await system.up()
  await eventually('events to flow', async () => (await system.consumerStatus()).valid > 0)
  for (let round = 0; round < 6; round++) {
    const servers = await serverProcesses()
    assert.equal(servers.length, 3)
    const { valid } = await system.consumerStatus()
    process.kill(servers[round % 3]!, 'SIGKILL')
    await eventually('the server to be there again, and events to flow', async () => {
      const all = (await serverProcesses()).filter((pid) => pid !== servers[round % 3])
      return all.length === 3 && (await system.consumerStatus()).valid > valid
    })
  }
  await system.post(`${system.producerUrl}/generate/pause`)
  await answersEqualLog(system)
  assert.equal((await program.interrupt()).status, 0)
})

test('a shard more: another database on the larger cluster, filled out of the log', async (t) => {
  const { cluster, system } = await systemOn(t, 3, {}, 'smaller')
  const program = await system.up()
  await system.post(`${system.producerUrl}/generate/burst?count=5000`)
  await eventually('the burst to be sent', async () => (await system.producerStatus()).sent >= 5_000)
  await system.post(`${system.producerUrl}/generate/pause`)
  await answersEqualLog(system)
  assert.equal((await program.interrupt()).status, 0)

  const larger = await System.create(t, {
    ...system.environment,
    ...settingsOf(cluster.cluster),
    MILLRACE_CLICKHOUSE_DATABASE: 'larger',
    MILLRACE_KAFKA_GROUP: 'larger',
  })
  const consumer = start(t, ['consumer', '-init-schema'], larger.environment)
  await eventually('everything to be read', async () => {
    const { processed, lag } = await system.consumerStatus()
    return processed >= 5_000 && lag === 0
  })
  await larger.verifyAgrees()
  const rows = await spread(cluster, 'larger.page_views_raw_local', 'event_id')
  assert.equal(sum(rows), (await readLog(system.dataDir)).totals.views)
  for (const count of rows) assert.ok(count > 0, `spread as ${rows}`)
  assert.equal((await consumer.interrupt()).status, 0)
})

test('`millrace config` shows the addresses of shards as they were given', async (t) => {
  const urls = 'http://a:8123,https://b:8443'
  const system = await System.create(t, { MILLRACE_CLICKHOUSE_SHARD_URLS: urls })
  assert.ok((await system.run('config')).stdout.includes(` ${urls} `))
})

test('settings of a cluster that do not go together are refused with what to do', async (t) => {
  for (const [settings, message] of [
    [{ MILLRACE_CLICKHOUSE_CLUSTER: 'web' }, /MILLRACE_CLICKHOUSE_URL is empty/],
    [
      {
        MILLRACE_CLICKHOUSE_CLUSTER: 'web',
        MILLRACE_CLICKHOUSE_URL: 'http://a:8123',
        MILLRACE_CLICKHOUSE_REPLICATED: 'off',
      },
      /MILLRACE_CLICKHOUSE_SHARD_URLS is empty/,
    ],
    [{ MILLRACE_CLICKHOUSE_SHARD_URLS: 'http://a:8123' }, /MILLRACE_CLICKHOUSE_CLUSTER is not/],
    [{ MILLRACE_CLICKHOUSE_SHARD_URLS: 'a:8123' }, /MILLRACE_CLICKHOUSE_SHARD_URLS/],
  ] as const) {
    const system = await System.create(t, settings)
    const ended = await system.run('sql', 'SELECT 1')
    assert.equal(ended.status, 2, ended.stdout)
    assert.match(ended.stderr, message)
  }
})

async function systemOn(
  t: TestContext,
  shards: number,
  settings: Record<string, string> = {},
  which: 'cluster' | 'smaller' = 'cluster',
): Promise<{ cluster: TestCluster; system: System }> {
  const cluster = await startTestCluster(shards)
  t.after(() => cluster.close())
  const { user, password } = cluster.endpoints[0]!
  const system = await System.create(t, {
    MILLRACE_CLICKHOUSE_URL: cluster.endpoints[0]!.url,
    MILLRACE_CLICKHOUSE_USER: user,
    MILLRACE_CLICKHOUSE_PASSWORD: password,
    ...settingsOf(cluster[which]),
    ...settings,
  })
  return { cluster, system }
}

/** The servers that this process runs, in the order of their start. */
async function serverProcesses(): Promise<number[]> {
  const found: number[] = []
  for (const pid of await processTree(process.pid)) {
    const command = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')
    if (command.includes('server-process')) found.push(pid)
  }
  return found.toSorted((a, b) => a - b)
}

function settingsOf({ name, serverUrls }: Cluster): Record<string, string> {
  return {
    MILLRACE_CLICKHOUSE_CLUSTER: name,
    MILLRACE_CLICKHOUSE_REPLICATED: 'off',
    MILLRACE_CLICKHOUSE_SHARD_URLS: serverUrls.join(','),
  }
}

/** What log, ledger, raw and every level say; and what the query API answers, counted again without any of them. */
async function answersEqualLog(system: System): Promise<void> {
  await system.verifyAgrees()
  const sent = await readLog(system.dataDir)
  const answer = await system.get(`${system.consumerUrl}/query/aggregates?hours=1&limit=10000`)
  const { view_count, unique_users, bounce_count } = answer.totals
  assert.deepEqual(
    [view_count, unique_users, bounce_count],
    [sent.totals.views, sent.totals.users.size, sent.totals.bounces],
  )
  assert.deepEqual(
    Object.fromEntries(
      answer.pages.map((page: Record<string, number>) => [
        page.page_id,
        [page.view_count, page.unique_users],
      ]),
    ),
    Object.fromEntries([...sent.pages].map(([page, counted]) => [page, [counted.views, counted.users.size]])),
  )
}

/** Answers of the dashboard, which asks differently. */
async function dashboardEqualsLog(system: System): Promise<void> {
  const sent = await readLog(system.dataDir)
  const top = await system.get(`${system.consumerUrl}/live/top?range=24h`)
  assert.equal(top.totals.views, sent.totals.views)
  assert.equal(top.pages_total, sent.pages.size)
  for (const page of top.pages) assert.equal(page.views, sent.pages.get(page.page_id)?.views, page.page_id)
}

/** How many different rows each server has of its own. */
async function spread(cluster: TestCluster, table: string, key: string): Promise<number[]> {
  return Promise.all(
    cluster.endpoints.map(async (endpoint) => {
      const db = new Database({ endpoint: () => endpoint })
      const [found] = await db.query<{ rows: number }>(`SELECT uniqExact(${key}) AS rows FROM ${table}`)
      await db.close()
      return found!.rows
    }),
  )
}

/** Another group reads the whole log from its beginning, into the same tables. */
async function redeliverAll(system: System): Promise<void> {
  const [port] = await freePorts(1)
  const program = start(system.t, ['consumer'], {
    ...system.environment,
    MILLRACE_CONSUMER_PORT: String(port),
    MILLRACE_KAFKA_GROUP: 'again',
  })
  const { messages } = await readLog(system.dataDir)
  await eventually('every message to be read again', async () => {
    const { processed, lag } = await system.get(`http://127.0.0.1:${port}/status`)
    return processed >= messages && lag === 0
  })
  const ended = await program.interrupt()
  assert.equal(ended.status, 0, ended.stderr)
}

/** A dead letter is corrected and sent again. */
async function mendOne(system: System): Promise<void> {
  const open = async (): Promise<{ partition: number; offset: number; reason: string }[]> =>
    JSON.parse((await system.run('dead-letters', 'list', '--json', '--limit', '10000')).stdout)
  const before = await open()
  const letter = before.find(({ reason }) => reason === 'empty_page_id')
  assert.ok(letter, 'the generator makes some of these')
  const place = `${letter.partition}/${letter.offset}`
  const fixed = await system.run('dead-letters', 'fix', place, '--set', 'page_id=/mended')
  assert.equal(fixed.status, 0, fixed.stderr)
  const replayed = await system.run('dead-letters', 'replay')
  assert.equal(replayed.status, 0, replayed.stderr)
  assert.equal((await open()).length, before.length - 1)
  await system.verifyAgrees()
  const answer = await system.get(`${system.consumerUrl}/query/aggregates?hours=1&page_id=/mended`)
  assert.equal(answer.totals.view_count, 1)
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((a, b) => a + b, 0)
}
