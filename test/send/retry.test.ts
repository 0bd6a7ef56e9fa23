import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MillraceError } from '../../src/errors.ts'
import { listen } from '../../src/observe/events.ts'
import { retryingWriter } from '../../src/send/retry.ts'
import { outgoing, ScriptedWriter } from './messages.ts'

const AWAY = new MillraceError('log_unavailable', 'away')
const records = [outgoing(1)]

function writerOf(scripted: ScriptedWriter, overrides = {}) {
  return retryingWriter(scripted, {
    attempts: 5,
    firstPauseMs: 8,
    longestPauseMs: 20,
    random: () => 0.5,
    ...overrides,
  })
}

test('it tries as often as it may, with pauses that double up to the longest, and then throws', async () => {
  const scripted = new ScriptedWriter()
  scripted.fail = () => AWAY
  const pauses: number[] = []
  const stop = listen('producer:retried', ({ pauseMs }) => pauses.push(pauseMs))
  await assert.rejects(writerOf(scripted).append(records), AWAY)
  stop()
  assert.equal(scripted.calls, 5)
  assert.deepEqual(pauses, [4, 8, 10, 10], 'half of 8, 16, 20, 20')
})

test('it stops trying when it succeeds, and the bookkeeping happens once', async () => {
  const scripted = new ScriptedWriter()
  scripted.fail = (_, call) => (call < 3 ? AWAY : undefined)
  let times = 0
  await writerOf(scripted).append(records, {
    acknowledged: () => {
      times += 1
    },
    unanswered() {},
  })
  assert.equal(scripted.calls, 3)
  assert.equal(times, 1)
})

test('what no retry can mend is thrown at once, and so is what nobody knows', async () => {
  for (const error of [new MillraceError('log_refused', 'too large'), new Error('a defect')]) {
    const scripted = new ScriptedWriter()
    scripted.fail = () => error
    await assert.rejects(writerOf(scripted).append(records), error)
    assert.equal(scripted.calls, 1)
  }
})

test('giving up ends a pause', async () => {
  const scripted = new ScriptedWriter()
  scripted.fail = () => AWAY
  const giveUp = new AbortController()
  const appending = writerOf(scripted, {
    firstPauseMs: 600_000,
    longestPauseMs: 600_000,
    giveUp: giveUp.signal,
  }).append(records)
  setTimeout(() => giveUp.abort(), 10)
  await assert.rejects(appending)
  assert.equal(scripted.calls, 1)
})
