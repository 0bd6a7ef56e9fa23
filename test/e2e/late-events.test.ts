import assert from 'node:assert/strict'
import { test } from 'node:test'
import { appendValues } from '../dashboard/log.ts'
import { System } from '../helpers/system.ts'
import { eventually } from '../helpers/wait.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

test('late events change their minute and their hour; beyond the borders they are rejected', async (t) => {
  const system = await System.create(t, {
    MILLRACE_GENERATE: 'off',
    MILLRACE_RAW_TTL_DAYS: '3',
    MILLRACE_LATE_MARGIN: '1h',
  })
  await system.up()
  let sent = 0
  const send = async (ms: number) => {
    sent += 1
    const event = { page_id: '/p', user_id: `u${sent}`, view_duration_ms: 5, is_bounce: false }
    await appendValues(system, [JSON.stringify({ ...event, timestamp: new Date(ms).toISOString() })])
    await eventually('it to be read', async () => (await system.consumerStatus()).processed === sent)
  }
  const views = async (startMs: number, lengthMs: number, resolution: string): Promise<number> => {
    const from = new Date(startMs).toISOString()
    const to = new Date(startMs + lengthMs).toISOString()
    const answer = await system.get(
      `${system.consumerUrl}/query/aggregates?from=${from}&to=${to}&resolution=${resolution}`,
    )
    return answer.totals.view_count
  }
  const counts = (minuteMs: number, expected: number) =>
    eventually(`${expected} in the minute and the hour`, async () => {
      const hour = Math.floor(minuteMs / HOUR) * HOUR
      return (
        (await views(minuteMs, MINUTE, 'minute')) === expected &&
        (await views(hour, HOUR, 'hour')) === expected
      )
    })

  const old = Math.floor((Date.now() - 2 * DAY) / HOUR) * HOUR + 7 * MINUTE
  await send(old)
  await counts(old, 1)
  // The window was finished; an event that comes later still counts in it.
  await send(old + 59_999)
  await counts(old, 2)
  const ahead = Date.now() + 3 * MINUTE
  await send(ahead)
  await counts(Math.floor(ahead / MINUTE) * MINUTE, 1)

  await send(Date.now() - 3 * DAY)
  await send(Date.now() - 3 * DAY + HOUR / 2)
  await send(Date.now() + 10 * MINUTE)
  const { by_reason: reasons } = await eventually('all three to be kept', async () => {
    const letters = await system.get(`${system.consumerUrl}/dead-letters`)
    return letters.total === 3 && letters
  })
  assert.deepEqual(reasons, [
    { reason: 'too_late', count: 2 },
    { reason: 'in_future', count: 1 },
  ])
  const metrics = await (await fetch(`${system.consumerUrl}/metrics`)).text()
  const ahead60 = Number(/event_ahead_seconds_bucket\{le="60",[^}]*\} (\d+)/.exec(metrics)?.[1])
  const ahead300 = Number(/event_ahead_seconds_bucket\{le="300",[^}]*\} (\d+)/.exec(metrics)?.[1])
  const all = Number(/event_ahead_seconds_count\{[^}]*\} (\d+)/.exec(metrics)?.[1])
  assert.deepEqual([ahead60, ahead300, all], [4, 5, 6])
})
