import { spawn } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { measuredOf, settled } from '../lib/drain.ts'
import { usageOfTree } from '../lib/processes.ts'
import type { Measured } from '../lib/run.ts'
import { BenchSystem } from '../lib/system.ts'

const PROGRAM = resolve(import.meta.dirname, 'naive-consumer.ts')

const TABLE = `CREATE TABLE naive_raw
  (
    event_time DateTime64(3, 'UTC'), page_id LowCardinality(String), user_id String, duration_ms Int64,
    user_agent LowCardinality(String), ip_address IPv6, region LowCardinality(String), is_bounce Bool,
    kafka_partition UInt32, kafka_offset UInt64, event_key String
  )
  ENGINE = MergeTree PARTITION BY toDate(event_time) ORDER BY (page_id, event_time)`

/** The naive consumer, until it has written nothing for two seconds; the time ends with its last rows. Raw rows only. */
export async function drainNaively(
  bootstrap: string,
  topic: string,
  group: string,
  events: number,
): Promise<Measured> {
  await using system = await BenchSystem.create({ MILLRACE_CLICKHOUSE_MEMORY: '4G' })
  const server = system.start('clickhouse')
  await system.clickhouseAnswers()
  await system.write(TABLE)
  const password = await readFile(join(system.dataDir, 'clickhouse', 'password'), 'utf8')
  const before = usageOfTree(server.pid!)
  const began = performance.now()
  const args = [PROGRAM, bootstrap, topic, group, system.clickhouseUrl, 'millrace', password]
  const consumer = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'inherit'] })
  try {
    const count = (): Promise<number> => system.number('SELECT count() FROM naive_raw')
    const { at, usage } = await settled([server, consumer], count, events * 0.9)
    return measuredOf(events, (at - began) / 1_000, before, usage)
  } finally {
    consumer.kill('SIGKILL')
  }
}
