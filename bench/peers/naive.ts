import { type ChildProcess, spawn } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import type { BenchBroker } from '../lib/broker.ts'
import type { Measured } from '../lib/measured.ts'
import { BenchSystem } from '../lib/system.ts'
import { settled } from './settled.ts'

const PROGRAM = resolve(import.meta.dirname, 'naive-consumer.ts')

const TABLE = `CREATE TABLE naive_raw
  (
    event_time DateTime64(3, 'UTC'), page_id LowCardinality(String), user_id String, duration_ms Int64,
    user_agent LowCardinality(String), ip_address IPv6, region LowCardinality(String), is_bounce Bool,
    kafka_partition UInt32, kafka_offset UInt64, event_key String
  )
  ENGINE = MergeTree PARTITION BY toDate(event_time) ORDER BY (page_id, event_time)`

/** The naive consumer, until it writes nothing any more; the time ends with its last rows. Raw rows only. */
export async function drainNaively(
  broker: BenchBroker,
  topic: string,
  group: string,
  events: number,
): Promise<Measured> {
  await using system = await BenchSystem.create({ MILLRACE_CLICKHOUSE_MEMORY: '4G' })
  const server = system.start('clickhouse')
  await system.clickhouseAnswers(server)
  await system.write(TABLE)
  const password = await readFile(join(system.dataDir, 'clickhouse', 'password'), 'utf8')
  const args = [PROGRAM, broker.bootstrap, topic, group, system.clickhouseUrl, 'millrace', password]
  const consumer: ChildProcess = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'inherit'] })
  try {
    return await settled({
      name: 'naive consumer',
      children: [server, consumer],
      brokers: broker.pids,
      events,
      count: () => system.number('SELECT count() FROM naive_raw'),
      begin: () => {},
    })
  } finally {
    consumer.kill('SIGKILL')
  }
}
