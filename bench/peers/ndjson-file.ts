import { createWriteStream } from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { look, type Measured, measuredOf } from '../lib/measured.ts'
import { BenchStore } from '../lib/store.ts'
import type { BenchSystem } from '../lib/system.ts'
import { until } from '../lib/wait.ts'

/** Page views in a file, one JSON object a line. */
export interface PageViewFile {
  readonly path: string
  readonly events: number
}

const DRAIN_SECONDS = 900

/** The events as they travel, with the key that a message has apart from them. */
const AS_SENT = `SELECT page_id, user_id, duration_ms AS view_duration_ms, formatDateTime(event_time, '%Y-%m-%dT%H:%i:%S.', 'UTC') || leftPad(toString(toUnixTimestamp64Milli(event_time) % 1000), 3, '0') || 'Z' AS timestamp,
    user_agent, replaceRegexpOne(toString(ip_address), '^::(ffff:)?', '') AS ip_address, region, is_bounce, event_id, kafka_partition, kafka_offset
  FROM page_views ORDER BY kafka_offset, kafka_partition FORMAT JSONEachRow`

/** Has the consumer read all that is in the log of a system, and writes its page views, each once, into a file in the order of the log. */
export async function writePageViews(system: BenchSystem): Promise<PageViewFile> {
  const consumer = system.startWith({ MILLRACE_KAFKA_GROUP: 'for-the-file' }, 'consumer', '--init-schema')
  await system.ready(system.consumerUrl, consumer)
  await until('Reading for the file', DRAIN_SECONDS, async () => {
    const { processed, lag } = await system.json(`${system.consumerUrl}/status`)
    return { done: processed > 0 && lag === 0, so: `${lag} messages left` }
  })
  const path = join(system.dataDir, 'page-views.ndjson')
  const body = await system.stream(AS_SENT)
  await pipeline(Readable.fromWeb(body), createWriteStream(path))
  const events = await system.number('SELECT count() FROM page_views')
  await system.end(consumer)
  return { path, events }
}

const COLUMNS =
  'event_time, page_id, user_id, duration_ms, user_agent, ip_address, region, is_bounce, kafka_partition, kafka_offset, event_id'

/**
 * ClickHouse reads the file by itself into our raw table: the limit of what anything that goes through JSON could reach with this engine. It checks
 * nothing and makes no aggregates.
 */
export async function loadFile({ path, events }: PageViewFile): Promise<Measured> {
  await using store = await BenchStore.open()
  const before = look(store.pids)
  await store.db.command(
    `INSERT INTO page_views_raw (${COLUMNS})
     SELECT timestamp, page_id, user_id, view_duration_ms, user_agent, toIPv6OrDefault(ip_address), region, is_bounce, kafka_partition, kafka_offset, event_id
     FROM file('${path}', JSONEachRow, 'page_id LowCardinality(String), user_id String, view_duration_ms UInt32, timestamp DateTime64(3, \\'UTC\\'), user_agent LowCardinality(String),
       ip_address String, region LowCardinality(String), is_bounce Bool, event_id UUID, kafka_partition UInt32, kafka_offset UInt64')`,
    { settings: { date_time_input_format: 'best_effort', max_insert_threads: '2' } },
  )
  const measured = measuredOf(events, before, look(store.pids))
  const [{ rows } = { rows: 0 }] = await store.db.query<{ rows: number }>(
    'SELECT count() AS rows FROM page_views',
  )
  if (rows !== events) throw new Error(`${path} has ${events} page views, and ${rows} came into the table`)
  return measured
}
