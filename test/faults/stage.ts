import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import type { VerifyReport } from '../../src/verify/report.ts'
import { startKafka } from '../helpers/kafka.ts'
import type { KafkaCluster } from '../helpers/kafka-cluster.ts'
import type { Program } from '../helpers/program.ts'
import { System } from '../helpers/system.ts'
import { eventually } from '../helpers/wait.ts'

/** How long a member may be silent before its partitions go to others; the brokers are told so. */
export const SESSION_MS = 6_000

/** Three brokers of which two must have what is acknowledged, a store of their own, a producer under load, and one consumer. */
export class Stage {
  readonly kafka: KafkaCluster
  readonly system: System
  /** By their addresses. */
  readonly consumers = new Map<string, Program>()
  producer: Program | undefined
  clickhouse: Program | undefined

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
    const stage = new Stage(kafka, system)
    stage.clickhouse = system.start('clickhouse')
    await stage.addConsumer('-init-schema')
    stage.startProducer()
    await stage.counts(1_000)
    return stage
  }

  startProducer(): void {
    this.producer = this.system.start('producer')
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
    const [end] = await this.positions()
    await eventually('the consumers to go on', async () => (await this.positions())[1] >= end, 120_000)
  }

  /** Where the log ends and how far the group has committed it, the partitions added up, from whichever consumer answers. */
  async positions(): Promise<[end: number, committed: number]> {
    return eventually('a consumer to answer', async () => {
      const { partitions } = await Promise.any(this.urls.map((url) => this.system.get(`${url}/status`)))
      const sum = (name: 'end' | 'committed'): number =>
        partitions.reduce((total: number, partition: Record<string, number>) => total + partition[name]!, 0)
      return [sum('end'), sum('committed')] as [number, number]
    })
  }

  /** Nothing is generated any more, and what was generated is acknowledged or given up. */
  async pause(): Promise<void> {
    await eventually('the producer to be paused', async () => {
      await this.system.post(`${this.system.producerUrl}/generate/pause`)
      const { buffer_used: waiting, generated, sent, failed } = await this.system.producerStatus()
      return waiting === 0 && generated === sent + failed
    })
  }

  async resume(): Promise<void> {
    await this.system.post(`${this.system.producerUrl}/generate/resume`)
  }

  async verify(): Promise<{ status: number | null; report: VerifyReport }> {
    const { status, report } = await this.system.verify()
    return { status, report: report as unknown as VerifyReport }
  }

  /** Pauses the producer, runs `millrace verify`, which must agree, and says what it found. */
  async agrees(t: TestContext): Promise<VerifyReport> {
    await this.pause()
    const { status, report } = await this.verify()
    const { raw, log, ledger, differences } = report
    t.diagnostic(
      `${log.messages} messages, ${raw.unique} page views; ${ledger.unacknowledged} in attempts without an answer, ${log.messages - ledger.messages} more than were acknowledged`,
    )
    assert.deepEqual(differences, [])
    assert.equal(status, 0)
    await this.resume()
    return report
  }
}
