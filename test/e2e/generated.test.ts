import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readLog } from '../helpers/expected.ts'
import { System } from '../helpers/system.ts'
import { eventually } from '../helpers/wait.ts'

/**
 * The main job: what the generator sends is what the query API answers, number by number. What was sent is read back from
 * the log itself and counted here, in a few lines that share no code with the consumer, the store or the roll-up.
 */
test('generated events and a burst: every number of the query API equals what was sent', async (t) => {
  const system = await System.create(t, { MILLRACE_SEED: '7' })
  const program = await system.up()
  await system.post(`${system.producerUrl}/generate/burst?count=1000`)
  await eventually('the burst to be sent', async () => (await system.producerStatus()).sent >= 1_000)
  await system.post(`${system.producerUrl}/generate/pause`)
  await answersEqualLog(system)
  await topAndDoctorAgree(system)

  await system.post(`${system.producerUrl}/generate/burst?count=200000`)
  await eventually(
    'all of it to be sent',
    async () => (await system.producerStatus()).sent >= 201_000,
    180_000,
  )
  await answersEqualLog(system)
  const status = await system.producerStatus()
  assert.equal(status.dropped, 0)
  assert.equal(status.failed, 0)

  const ended = await program.interrupt()
  assert.equal(ended.status, 0, ended.stderr)
})

/** While nothing moves: `top` shows what the services and the query API answer, and `doctor` finds our own services at the ports. */
async function topAndDoctorAgree(system: System): Promise<void> {
  const [top, text, doctor] = await Promise.all([
    system.run('top', '--json'),
    system.run('top', '--interval', '250ms'),
    system.run('doctor', '--json'),
  ])
  const [producer, consumer, answer] = await Promise.all([
    system.producerStatus(),
    system.consumerStatus(),
    system.get(`${system.consumerUrl}/query/aggregates?hours=0.1&limit=10000`),
  ])
  const shown = JSON.parse(top.stdout)
  for (const part of ['producer', 'log', 'consumer', 'clickhouse']) {
    assert.equal(shown[part].state, 'up', `${part}: ${top.stdout}`)
  }
  assert.equal(shown.producer.status.sent, producer.sent)
  assert.equal(shown.consumer.status.processed, consumer.processed)
  assert.equal(shown.clickhouse.where, system.clickhouseUrl)
  assert.deepEqual(shown.rates, {
    ...{ generated: 0, sent: 0, failed: 0, dropped: 0 },
    ...{ consumed: 0, written: 0, rejected: 0, lost: 0 },
  })
  assert.deepEqual(shown.lag, {
    messages: 0,
    seconds: 0,
    partitions: consumer.partitions.map(({ partition }: { partition: number }) => ({ partition, lag: 0 })),
  })
  assert.ok(Date.parse(shown.fresh_as_of) <= Date.parse(consumer.fresh_as_of))
  assert.equal(shown.top.pages_total, answer.pages_total)
  assert.deepEqual(shown.top.pages, answer.pages.slice(0, shown.top.pages.length))
  assert.ok(shown.top.pages.length > 10)

  assert.equal(text.status, 0, text.stderr)
  const [first] = answer.pages
  assert.ok(!text.stdout.includes('\x1b'), 'colours where there is no terminal')
  assert.match(text.stdout, new RegExp(`^sent +0/s +${producer.sent.toLocaleString('en')} `, 'm'))
  assert.match(text.stdout, new RegExp(`^${first.page_id} +${first.view_count.toLocaleString('en')} `, 'm'))

  assert.equal(doctor.status, 0, doctor.stdout)
  const found = new Map<string, { state: string; detail: string }>(
    JSON.parse(doctor.stdout).findings.map((finding: { name: string }) => [finding.name, finding]),
  )
  for (const [name, says] of [
    ['producer port', /held by our own producer/],
    ['consumer port', /held by our own consumer/],
    ['ClickHouse port', /held by our own ClickHouse/],
    ['ClickHouse', /answers, version \d+\.\d+/],
    ['ClickHouse tables', /up to date/],
    ['ClickHouse rights', /may write/],
    ['file modes', /its owner’s alone/],
  ] as const) {
    assert.equal(found.get(name)?.state, 'ok', `${name}: ${doctor.stdout}`)
    assert.match(found.get(name)!.detail, says)
  }
}

async function answersEqualLog(system: System): Promise<void> {
  await system.verifyAgrees()
  const sent = await readLog(system.dataDir)
  const answer = await system.get(`${system.consumerUrl}/query/aggregates?hours=1&limit=10000`)

  assert.equal(answer.totals.view_count, sent.totals.views)
  assert.equal(answer.totals.unique_users, sent.totals.users.size)
  assert.equal(answer.totals.bounce_count, sent.totals.bounces)
  assertClose(answer.totals.bounce_rate, sent.totals.bounces / sent.totals.views, 1e-9)
  assertClose(answer.totals.avg_duration_ms, sent.totals.durations.sum / sent.totals.views, 1e-6)
  assertClose(answer.totals.p50_duration_ms, sent.totals.durations.quantile(0.5), 0.02)
  assertClose(answer.totals.p95_duration_ms, sent.totals.durations.quantile(0.95), 0.02)

  assert.equal(answer.pages_total, sent.pages.size)
  assert.equal(answer.pages.length, sent.pages.size)
  for (const page of answer.pages) {
    const expected = sent.pages.get(page.page_id)
    assert.ok(expected, `a page nobody sent: ${page.page_id}`)
    assert.deepEqual(
      [page.view_count, page.unique_users, page.bounce_count],
      [expected.views, expected.users.size, expected.bounces],
      page.page_id,
    )
    assertClose(page.bounce_rate, expected.bounces / expected.views, 1e-9)
    assertClose(page.avg_duration_ms, expected.durations.sum / expected.views, 1e-6)
    assertClose(page.p50_duration_ms, expected.durations.quantile(0.5), 0.02)
    assertClose(page.p95_duration_ms, expected.durations.quantile(0.95), 0.02)
  }
  assert.deepEqual(
    answer.regions.map((r: { region: string; view_count: number; unique_users: number }) => [
      r.region,
      r.view_count,
      r.unique_users,
    ]),
    [...sent.regions]
      .map(([region, counted]) => [region, counted.views, counted.users.size] as const)
      .sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1)),
  )
  const series = answer.series.filter((point: { view_count: number }) => point.view_count > 0)
  assert.deepEqual(
    series.map((point: Record<string, unknown>) => [
      Date.parse(point.window_start as string),
      point.view_count,
      point.unique_users,
      point.bounce_count,
    ]),
    [...sent.minutes]
      .map(([minute, counted]) => [minute, counted.views, counted.users.size, counted.bounces] as const)
      .sort((a, b) => a[0] - b[0]),
  )
}

/** Within a share of the expected value. */
function assertClose(actual: number, expected: number, share: number): void {
  const bound = Math.max(Math.abs(expected) * share, 1e-9)
  assert.ok(Math.abs(actual - expected) <= bound, `${actual} is not within ${share} of ${expected}`)
}
