import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Command } from 'commander'
import { openLocalClickHouse } from '../src/clickhouse/local-clickhouse.ts'
import { silentLogger } from '../src/observe/logger.ts'
import { RollUp } from '../src/rollup/rollup.ts'
import { Database } from '../src/store/database.ts'
import { migrate } from '../src/store/migrate.ts'
import { applyRetention } from '../src/store/retention.ts'
import { describeReport } from '../src/verify/describe.ts'
import { verify } from '../src/verify/verify.ts'
import { StandInLedger, StandInLog } from './lib/audited.ts'
import { usageOfTree } from './lib/processes.ts'

/**
 * The question: how long does an audit of many events take, and with how much memory? The events are made inside ClickHouse and rolled
 * up; the log and the ledger are stand-ins that say what they would say, one message in a hundred being a repeat. The times are those of
 * a day, so slices, which live some hours, are not part of it.
 */
const options = new Command('bench/verify')
  .description('an audit of many events that were made inside ClickHouse')
  .option('--events <n>', 'messages in the log', '10000000')
  .option('--pages <n>', 'distinct pages', '200')
  .option('--runs <n>', 'audits', '2')
  .option('--memory <bytes>', "the server's limit", '2000000000')
  .parse()
  .opts<{ events: string; pages: string; runs: string; memory: string }>()
const events = Number(options.events)
const SPAN_MS = 24 * 3_600_000
const BATCH = 1_000_000

const dataDir = await mkdtemp(join(tmpdir(), 'millrace-bench-'))
const server = await openLocalClickHouse({
  dataDir,
  user: 'millrace',
  password: '',
  database: 'millrace',
  httpPort: 0,
  nativePort: 0,
  memoryBytes: Number(options.memory),
  logger: silentLogger(),
})
const db = new Database({ endpoint: () => server.endpoint(), timeoutMs: 600_000 })
try {
  await migrate(db)
  const from = Math.floor((Date.now() - SPAN_MS) / 3_600_000 - 2) * 3_600_000
  const settings = { rawTtlDays: 0, minuteTtlDays: 0 }
  const retention = await applyRetention(db, settings, Date.now())
  for (let first = 0; first < events; first += BATCH)
    await generate(first, Math.min(BATCH, events - first), from)
  await db.command(
    `INSERT INTO rollup_windows (level, window_start, writer, marked)
     SELECT DISTINCT 'minute', toStartOfMinute(slice), 1, 1 FROM page_views_raw`,
  )
  await new RollUp({ db, retention }).runToEnd()
  process.stdout.write(`${events} messages made and rolled up\n`)
  const log = new StandInLog(events, from, SPAN_MS)
  const ledger = await StandInLedger.of(db, events)
  for (let run = 1; run <= Number(options.runs); run++) {
    const peak: Record<string, number> = {}
    const sampler = setInterval(() => {
      for (const { pid, name, ownBytes } of usageOfTree(process.pid)) {
        const who = pid === process.pid ? 'audit' : name
        peak[who] = Math.max(peak[who] ?? 0, ownBytes)
      }
    }, 200)
    const report = await verify({
      db,
      log,
      ledger,
      topic: log.topic,
      group: 'millrace',
      ...settings,
      patienceMs: 1_000,
      now: Date.now,
    })
    clearInterval(sampler)
    const memory = Object.entries(peak).map(([name, bytes]) => `${name} ${Math.round(bytes / 2 ** 20)} MiB`)
    process.stdout.write(
      `run ${run}: ${report.verdict} in ${(report.took_ms / 1_000).toFixed(1)} s; peak memory ${memory.join(', ')}\n`,
    )
    const [queries] = await db
      .query<{ peak: number }>(
        `SELECT max(memory_usage) AS peak FROM system.query_log WHERE query_kind = 'Select'`,
      )
      .catch(() => [])
    if (queries)
      process.stdout.write(`        the greatest query ${Math.round(queries.peak / 2 ** 20)} MiB\n`)
    if (!report.agrees) process.stdout.write(describeReport(report))
  }
} finally {
  await db.close()
  await server.close()
  await rm(dataDir, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 })
}

/** Message n is a page view of its own unless n % 100 is 99, which repeats the one before; lib/audited.ts says the same. */
function generate(first: number, count: number, from: number): Promise<void> {
  return db.command(
    `INSERT INTO page_views_raw (event_time, page_id, user_id, duration_ms, user_agent, ip_address, region, is_bounce, kafka_partition, kafka_offset, event_id)
     SELECT fromUnixTimestamp64Milli(toInt64(${from} + intDiv(number * ${SPAN_MS}, ${events})), 'UTC'), concat('/page-', toString(cityHash64(number) % ${options.pages})),
            concat('u-', toString(cityHash64(number, 1) % 1000000)), 1 + cityHash64(number, 2) % 600000, 'Mozilla/5.0', toIPv6('::ffff:203.0.113.9'),
            ['EU', 'US', 'APAC'][1 + number % 3], number % 10 = 0, 0, number,
            toUUID(concat('00000000-0000-8000-8000-', leftPad(lower(hex(number)), 12, '0')))
     FROM numbers(${first}, ${count}) WHERE number % 100 != 99`,
  )
}
