import assert from 'node:assert/strict'
import { test } from 'node:test'
import { System } from '../helpers/system.ts'
import { eventually } from '../helpers/wait.ts'

test('in two terminals: the consumer makes the schema, either may end first, and nothing is lost', async (t) => {
  const system = await System.create(t)
  const producer = system.start('producer')
  const consumer = system.start('consumer', '-init-schema')
  await system.ready(consumer)
  await eventually('events in the aggregates', async () => {
    const answer = await system.get(`${system.consumerUrl}/query/aggregates?hours=1`)
    return answer.totals.view_count > 0
  })

  const count = await fetch(`${system.clickhouseUrl}/?query=SELECT+count()+FROM+page_views_raw`)
  assert.ok(Number(await count.text()) > 0)

  assert.equal((await consumer.interrupt()).status, 0)
  await topShowsTheRest(system)
  await system.post(`${system.producerUrl}/generate/burst?count=300`)
  await eventually('the burst to be sent', async () => (await system.producerStatus()).sent >= 300)
  assert.equal((await producer.interrupt()).status, 0)

  const again = system.start('consumer')
  await eventually('the consumer to answer', () => system.consumerStatus().then(() => true))
  await system.verifyAgrees()
  assert.equal((await again.interrupt()).status, 0)
})

/** The consumer and the ClickHouse server that it ran are gone; the producer goes on, and is told of. */
async function topShowsTheRest(system: System): Promise<void> {
  const top = system.start('top', '--json', '--watch', '--interval', '250ms')
  await eventually('three snapshots', () => top.stdout.split('\n').length > 3)
  const ended = await top.interrupt()
  assert.equal(ended.status, 0, ended.stderr)
  const snapshots = ended.stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
  for (const { producer, log, consumer, clickhouse, rates, lag } of snapshots) {
    assert.deepEqual(
      [producer.state, log.state, consumer.state, clickhouse.state],
      ['up', 'up', 'away', 'away'],
    )
    assert.match(consumer.problem, /does not answer .*connection refused.*millrace consumer/)
    assert.match(clickhouse.problem, /No local ClickHouse server runs/)
    assert.equal(typeof rates.sent, 'number')
    assert.equal(rates.consumed, null)
    assert.equal(lag, null)
  }
}

test('a second system on the same data directory is refused, with the pid of the first', async (t) => {
  const system = await System.create(t)
  const program = await system.up()
  const second = await system.run('start')
  assert.notEqual(second.status, 0)
  assert.match(second.stderr, new RegExp(`\\b${program.child.pid}\\b`))
  const consumer = await system.run('consumer', '--consumer-port', '0')
  assert.notEqual(consumer.status, 0)
  assert.match(consumer.stderr, /already/)
  await system.verifyAgrees()
  await program.interrupt()
})
