import { isIP } from 'node:net'
import { createClient } from '@clickhouse/client'
import { Consumer, MessagesStreamFallbackModes, MessagesStreamModes } from '@platformatic/kafka'

/**
 * A consumer as one writes it in an afternoon: the client's stream, JSON.parse, row objects, inserts by the client. It checks
 * only what would make ClickHouse refuse the whole batch, finds no repeats and makes no aggregates. Arguments: brokers, topic, group, URL of ClickHouse, user, password.
 */
const [brokers = '', topic = '', group = '', url = '', username = '', password = ''] = process.argv.slice(2)
const BATCH = 50_000

const store = createClient({ url, username, password, keep_alive: { enabled: false } })
const consumer = new Consumer({
  groupId: group,
  clientId: 'naive',
  bootstrapBrokers: brokers.split(','),
  autocommit: false,
})
const stream = await consumer.consume({
  topics: [topic],
  mode: MessagesStreamModes.COMMITTED,
  fallbackMode: MessagesStreamFallbackModes.EARLIEST,
  maxWaitTime: 200,
})

let rows: unknown[] = []
let inserting: Promise<unknown> = Promise.resolve()
const flush = async (): Promise<void> => {
  const values = rows
  rows = []
  await inserting
  if (values.length > 0) inserting = store.insert({ table: 'naive_raw', values, format: 'JSONEachRow' })
}
const timer = setInterval(() => void flush(), 500)
process.once('SIGTERM', () => process.exit(0))
for await (const message of stream) {
  try {
    const event = JSON.parse(message.value.toString())
    const { page_id: page, user_id: user, view_duration_ms: duration, ip_address: address } = event
    if (typeof page !== 'string' || typeof user !== 'string' || !Number.isInteger(duration)) continue
    rows.push({
      event_time: Date.parse(event.timestamp) || 0,
      page_id: page,
      user_id: user,
      duration_ms: duration,
      user_agent: String(event.user_agent ?? ''),
      ip_address: isIP(address) ? address : '::',
      region: String(event.region ?? ''),
      is_bounce: event.is_bounce === true,
      kafka_partition: message.partition,
      kafka_offset: Number(message.offset),
      event_key: message.key?.toString() ?? '',
    })
  } catch {
    // No JSON: left out.
  }
  if (rows.length >= BATCH) await flush()
}
clearInterval(timer)
