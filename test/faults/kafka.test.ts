import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { canRunKafka } from '../helpers/kafka.ts'
import { SESSION_MS, Stage } from './stage.ts'
import {
  partitionsAdded,
  readRecordsDeleted,
  readTopicMadeAgain,
  recordsDeleted,
  topicMadeAgain,
} from './topic.ts'

/** `MILLRACE_TEST_LONG=true` takes the brokers away for two minutes, as an operator would see it. */
const AWAY_MS = process.env.MILLRACE_TEST_LONG === 'true' ? 120_000 : 15_000

if (canRunKafka()) {
  test('the whole program on three brokers, while they and its consumers fail', async (t) => {
    const stage = await Stage.set(t)
    const { kafka } = stage

    await t.test('a leader is killed under load', async (t) => {
      await kafka.stopBroker(1)
      await stage.counts(1_000)
      await kafka.startBroker(1)
      await stage.agrees(t)
    })

    await t.test('a broker restarts five times', async (t) => {
      for (let i = 0; i < 5; i++) {
        await kafka.stopBroker(2, 'SIGTERM')
        await kafka.startBroker(2)
        await stage.counts(200)
      }
      await stage.agrees(t)
    })

    await t.test(`all brokers are away for ${AWAY_MS / 1_000} s`, async (t) => {
      await Promise.all([1, 2, 3].map((id) => kafka.stopBroker(id)))
      await sleep(AWAY_MS)
      await Promise.all([1, 2, 3].map((id) => kafka.startBroker(id)))
      await stage.counts(1_000)
      await stage.agrees(t)
    })

    await t.test('a producer is killed three times while it sends', async (t) => {
      for (let i = 0; i < 3; i++) {
        stage.producer!.child.kill('SIGKILL')
        await stage.producer!.ended
        stage.startProducer()
        await stage.counts(300)
      }
      await stage.agrees(t)
    })

    await t.test('a consumer is killed, and another one takes over', async (t) => {
      const [first] = stage.urls
      await stage.addConsumer()
      await stage.end(first!, 'SIGKILL')
      await stage.counts(1_000)
      await stage.agrees(t)
    })

    await t.test('a consumer is paused beyond its session, replaced, and comes back', async (t) => {
      const [first] = stage.urls
      const zombie = stage.consumers.get(first!)!
      await stage.addConsumer()
      zombie.child.kill('SIGSTOP')
      await sleep(2 * SESSION_MS)
      await stage.counts(1_000)
      zombie.child.kill('SIGCONT')
      await stage.counts(1_000)
      await stage.agrees(t)
      assert.ok(zombie.running, `it goes on as a member: ${zombie.stderr.slice(-2_000)}`)
    })

    await t.test('consumers come and go under load', async (t) => {
      for (let i = 0; i < 3; i++) {
        const url = await stage.addConsumer()
        await stage.counts(300)
        await stage.end(i % 2 === 0 ? url : stage.urls[0]!, i % 2 === 0 ? 'SIGTERM' : 'SIGKILL')
      }
      await stage.counts(500)
      await stage.agrees(t)
    })

    await t.test('partitions are added while it runs', (t) => partitionsAdded(t, stage))
    await t.test('records are deleted after they were read', (t) => readRecordsDeleted(t, stage))
    await t.test('the topic is removed and made again after it was read', (t) => readTopicMadeAgain(t, stage))
    await t.test('records are deleted before they are read', (t) => recordsDeleted(t, stage))
    await t.test('the topic is removed and made again under a backlog', (t) => topicMadeAgain(t, stage))
  })
}
