import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { type Options, readOptions } from '../../chaos/options.ts'
import { runRounds } from '../../chaos/run.ts'
import { scheduleOf } from '../../chaos/schedule.ts'
import { shapeOf } from '../../chaos/shape.ts'
import { canRunKafka } from '../helpers/kafka.ts'

/** A few short faults of a fixed seed, so that the harness itself cannot rot; `npm run chaos` is for many. */
const SHORT = 'kill-producer,kill-consumer,kill-store,pause-consumer,cut,slow,clock-jump,late-repeats'

async function agrees(t: TestContext, ...args: string[]): Promise<void> {
  const stop = new AbortController()
  t.after(() => stop.abort())
  const ran = await runRounds(readOptions(args), (line) => t.diagnostic(line), stop.signal)
  assert.deepEqual(
    ran.flatMap(({ result }) => result.failure ?? []),
    [],
  )
  assert.ok(ran.every(({ messages }) => messages > 100))
}

test('chaos on the embedded log: everything agrees after each round', (t) =>
  agrees(t, '--log', 'lmdb', '--seed', '1', '--rounds', '3', '--faults', SHORT))

if (canRunKafka()) {
  test('chaos on Kafka: everything agrees after the round', (t) =>
    agrees(t, '--log', 'kafka', '--seed', '1', '--rounds', '1', '--brokers', '1', '--faults', SHORT))
}

test('a round is the same whether it comes alone or after others', () => {
  const all = readOptions(['--seed', '7', '--rounds', '50'])
  const plan = (options: Options, round: number) => {
    const shape = shapeOf(options, Math.floor((round - 1) / options.perSystem))
    const { seed, faults } = scheduleOf(options, round, shape)
    return { shape, seed, faults: faults.map(({ name, atMs, text }) => ({ name, atMs, text })) }
  }
  const alone = readOptions(['--seed', '7', '--rounds', '1', '--first', '44'])
  assert.deepEqual(plan(alone, 44), plan(all, 44))
  assert.notDeepEqual(plan(all, 43).seed, plan(all, 44).seed)
})
