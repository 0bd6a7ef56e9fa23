import type { BenchBroker } from '../lib/broker.ts'
import type { Measured } from '../lib/measured.ts'
import { BenchSystem } from '../lib/system.ts'
import { settled } from './settled.ts'

/** The same columns as our raw table, without what finds repeats; and minutes, added up as blocks come in. */
const TABLES = [
  `CREATE TABLE engine_raw
   (
     event_time DateTime64(3, 'UTC'), page_id LowCardinality(String), user_id String, duration_ms UInt32,
     user_agent LowCardinality(String), ip_address IPv6, region LowCardinality(String), is_bounce Bool,
     kafka_partition UInt32, kafka_offset UInt64, event_key String
   )
   ENGINE = MergeTree PARTITION BY toDate(event_time) ORDER BY (page_id, event_time)`,
  `CREATE TABLE engine_minute
   (
     window_start DateTime('UTC'), page_id LowCardinality(String), view_count SimpleAggregateFunction(sum, UInt64),
     total_duration SimpleAggregateFunction(sum, UInt64), bounce_count SimpleAggregateFunction(sum, UInt64),
     unique_users AggregateFunction(uniq, String), durations AggregateFunction(quantilesDD(0.01, 0.5, 0.95), UInt32)
   )
   ENGINE = AggregatingMergeTree PARTITION BY toDate(window_start) ORDER BY (window_start, page_id)`,
]

const VIEWS = [
  `CREATE MATERIALIZED VIEW engine_raw_mv TO engine_raw AS
   SELECT timestamp AS event_time, page_id, user_id, toUInt32(view_duration_ms) AS duration_ms, user_agent,
     toIPv6OrDefault(ip_address) AS ip_address, region, is_bounce, _partition AS kafka_partition, _offset AS kafka_offset, _key AS event_key
   FROM engine_source WHERE _error = '' AND view_duration_ms >= 0 AND page_id != ''`,
  `CREATE MATERIALIZED VIEW engine_minute_mv TO engine_minute AS
   SELECT toStartOfMinute(timestamp) AS window_start, page_id, count() AS view_count, sum(toUInt32(view_duration_ms)) AS total_duration,
     countIf(is_bounce) AS bounce_count, uniqState(user_id) AS unique_users, quantilesDDState(0.01, 0.5, 0.95)(toUInt32(view_duration_ms)) AS durations
   FROM engine_source WHERE _error = '' AND view_duration_ms >= 0 AND page_id != '' GROUP BY window_start, page_id`,
]

/** What a user would set for throughput; docs/benchmarks.md says why these. */
export interface EngineSettings {
  readonly consumers: number
  /** Rows of a block, kafka_max_block_size. */
  readonly blockRows: number
  /** After so long a block is written though it is not full, kafka_flush_interval_ms. */
  readonly flushMs: number
}

/**
 * ClickHouse's own Kafka engine: a view into raw rows and one into minutes. It finds no repeats and checks little. The time runs from
 * the moment before its views exist, and ends with the last row.
 *
 * @param events messages of the topic, of which nearly all are page views
 */
export async function drainByKafkaEngine(
  broker: BenchBroker,
  topic: string,
  group: string,
  events: number,
  settings: EngineSettings,
): Promise<Measured> {
  await using system = await BenchSystem.create({ MILLRACE_CLICKHOUSE_MEMORY: '4G' })
  const server = system.start('clickhouse')
  await system.clickhouseAnswers(server)
  const source = `CREATE TABLE engine_source
    (
      page_id String, user_id String, view_duration_ms Int64, timestamp DateTime64(3, 'UTC'), user_agent String,
      ip_address String, region String, is_bounce Bool
    )
    ENGINE = Kafka SETTINGS kafka_broker_list = '${broker.bootstrap}', kafka_topic_list = '${topic}', kafka_group_name = '${group}',
      kafka_format = 'JSONEachRow', kafka_num_consumers = ${settings.consumers}, kafka_thread_per_consumer = 1,
      kafka_max_block_size = ${settings.blockRows}, kafka_poll_max_batch_size = 65536, kafka_flush_interval_ms = ${settings.flushMs},
      kafka_handle_error_mode = 'stream', date_time_input_format = 'best_effort'`
  for (const sql of [...TABLES, source]) await system.write(sql)
  return settled({
    name: 'Kafka engine of ClickHouse',
    children: [server],
    brokers: broker.pids,
    events,
    count: () => system.number('SELECT count() FROM engine_raw'),
    begin: async () => {
      for (const sql of VIEWS) await system.write(sql)
    },
  })
}
