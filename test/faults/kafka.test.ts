import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { VerifyReport } from '../../src/verify/report.ts'
import { canRunKafka, startKafka } from '../helpers/kafka.ts'
import type { KafkaCluster } from '../helpers/kafka-cluster.ts'
import type { Program } from '../helpers/program.ts'
import { System } from '../helpers/system.ts'
import { eventually } from '../helpers/wait.ts'

/** `MILLRACE_TEST_LONG=true` takes the brokers away for two minutes, as an operator would see it. */
const AWAY_MS = process.env.MILLRACE_TEST_LONG === 'true' ? 120_000 : 15_000

/** How long a member may be silent before its partitions go to others; the brokers are told so. */
const SESSION_MS = 6_000

/** Three brokers of which two must have what is acknowledged, a store of their own, a producer under load, and one consumer. */
class Stage {
  readonly kafka: KafkaCluster
  readonly system: System
  /** By their addresses. */
  readonly consumers = new Map<string, Program>()

  private constructor(kafka: KafkaCluster, system: System) {
    this.kafka = kafka
    this.system = system
  }

  static async set(t: TestContext): Promise<Stage> {
    const kafka = await startKafka(t, {
      version: '4',
      brokers: 3,
      properties: {
        'min.insync.replicas': '2',
        'group.consumer.session.timeout.ms': String(SESSION_MS),
        'group.consumer.min.session.timeout.ms': String(SESSION_MS),
        'group.consumer.heartbeat.interval.ms': '1000',
        'group.consumer.min.heartbeat.interval.ms': '1000',
      },
    })
    const system = await System.create(t, {
      MILLRACE_KAFKA_BROKERS: kafka.bootstrap,
      MILLRACE_KAFKA_REPLICAS: '3',
      MILLRACE_SPEED: '300',
      MILLRACE_BUFFER_FULL: 'block',
    })
    system.start('clickhouse')
    const stage = new Stage(kafka, system)
    await stage.addConsumer('-init-schema')
    system.start('producer')
    await stage.counts(1_000)
    return stage
  }

  async addConsumer(...flags: string[]): Promise<string> {
    const program = this.system.start('consumer', '--consumer-port', '0', '--log-format', 'json', ...flags)
    const url = await eventually('a consumer to answer', () => {
      assert.ok(program.running, program.stderr)
      return /The consumer answers at (http:[^,"]+)/.exec(program.stdout + program.stderr)?.[1]
    })
    this.consumers.set(url, program)
    return url
  }

  /** The addresses of the consumers. */
  get urls(): string[] {
    return [...this.consumers.keys()]
  }

  async end(url: string, signal: NodeJS.Signals): Promise<void> {
    const program = this.consumers.get(url)!
    this.consumers.delete(url)
    program.child.kill(signal)
    await program.ended
  }

  async sent(): Promise<number> {
    return (await this.system.producerStatus()).sent
  }

  /** Waits until so many more messages have been sent, and consumed: so all of it goes on by itself. */
  async counts(more: number): Promise<void> {
    const sent = await eventually('the producer to answer', () => this.sent())
    await eventually('the producer to go on', async () => (await this.sent()) >= sent + more, 120_000)
    await eventually(
      'a consumer to go on',
      async () => {
        const [rows] = await this.system.sql('SELECT count() AS n FROM page_views_raw')
        return Number(rows!.n) >= sent
      },
      120_000,
    )
  }

  /** Pauses the producer, runs `millrace verify`, which must agree, and says what it found. */
  async agrees(t: TestContext): Promise<void> {
    const { producerUrl } = this.system
    await eventually('the producer to be paused', async () => {
      await this.system.post(`${producerUrl}/generate/pause`)
      const { buffer_used: waiting } = await this.system.producerStatus()
      return waiting === 0
    })
    const { status, report } = await this.system.verify()
    const { raw, log, in_doubt: doubt, differences } = report as unknown as VerifyReport
    t.diagnostic(
      `${log.messages} messages, ${raw.unique} page views; ${doubt.messages} in attempts without an answer, ${doubt.more} more than the ledger, ${doubt.views} of them views given up`,
    )
    assert.deepEqual(differences, [])
    assert.equal(status, 0)
    await this.system.post(`${producerUrl}/generate/resume`)
  }
}

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
      for (let i = 0; i < 4; i++) {
        const url = await stage.addConsumer()
        await stage.counts(300)
        await stage.end(i % 2 === 0 ? url : stage.urls[0]!, i % 2 === 0 ? 'SIGTERM' : 'SIGKILL')
      }
      await stage.counts(500)
      await stage.agrees(t)
    })
  })
}
