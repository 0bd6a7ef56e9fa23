import { RollUp } from '../src/rollup/rollup.ts'
import type { Database } from '../src/store/database.ts'
import { describeReport } from '../src/verify/describe.ts'
import { verify } from '../src/verify/verify.ts'
import { StandInLedger, StandInLog } from './lib/audited.ts'
import { benchmark, count } from './lib/command.ts'
import { usageOfTree } from './lib/processes.ts'
import { report } from './lib/report.ts'
import { table } from './lib/run.ts'
import { say } from './lib/say.ts'
import { spread } from './lib/statistics.ts'
import { BenchStore } from './lib/store.ts'

interface Options {
  readonly events: number
  readonly pages: number
  readonly runs: number
  readonly memory: number
  readonly record?: true
}

export const verifying = benchmark(
  'verify',
  'How long does an audit of many events take, and with how much memory?',
)
  .option('--events <n>', 'messages in the log', count, 10_000_000)
  .option('--pages <n>', 'distinct pages', count, 200)
  .option('--runs <n>', 'audits', count, 2)
  .option('--memory <bytes>', "the server's limit", count, 2_000_000_000)
  .action(run)

const SPAN_MS = 24 * 3_600_000
const BATCH = 1_000_000
const SETTINGS = { rawTtlDays: 0, minuteTtlDays: 0 }

/**
 * The events are made inside ClickHouse and rolled up; the log and the ledger are stand-ins that say what they would say, one message in a
 * hundred being a repeat. The times are those of a day, so slices, which live some hours, are not part of it.
 */
async function run({ events, pages, runs, memory, record }: Options): Promise<void> {
  await using store = await BenchStore.open({ memoryBytes: memory, ...SETTINGS })
  const { db, retention } = store
  const from = Math.floor((Date.now() - SPAN_MS) / 3_600_000 - 2) * 3_600_000
  for (let first = 0; first < events; first += BATCH) {
    await generate(db, { first, count: Math.min(BATCH, events - first), from, events, pages })
    say(`${Math.min(events, first + BATCH)} of ${events} messages made`)
  }
  await db.command(
    `INSERT INTO rollup_windows (level, window_start, writer, marked)
     SELECT DISTINCT 'minute', toStartOfMinute(slice), 1, 1 FROM page_views_raw`,
  )
  await new RollUp({ db, retention }).runToEnd()
  say('rolled up')
  const log = new StandInLog(events, from, SPAN_MS)
  const ledger = await StandInLedger.of(db, events)
  const seconds: number[] = []
  const peaks = new Map<string, number[]>()
  for (let round = 1; round <= runs; round++) {
    const peak: Record<string, number> = {}
    const sampler = setInterval(() => {
      for (const { pid, name, ownBytes } of usageOfTree(process.pid)) {
        const who = pid === process.pid ? 'audit' : name
        peak[who] = Math.max(peak[who] ?? 0, ownBytes / 2 ** 20)
      }
    }, 200)
    const audit = await verify({
      db,
      log,
      ledger,
      topic: log.topic,
      group: 'millrace',
      ...SETTINGS,
      patienceMs: 1_000,
      now: Date.now,
    })
    clearInterval(sampler)
    if (!audit.agrees) throw new Error(describeReport(audit))
    seconds.push(audit.took_ms / 1_000)
    for (const [name, mib] of Object.entries(peak)) peaks.set(name, [...(peaks.get(name) ?? []), mib])
    say(`round ${round} of ${runs}: ${audit.verdict} in ${(audit.took_ms / 1_000).toFixed(1)} s`)
  }
  report(
    {
      name: 'verify',
      title: `An audit of ${events} messages over a day`,
      body: table(
        ['what', 'figure'],
        [
          ['time, s', spread(seconds, (n) => n.toFixed(1))],
          ...[...peaks].map(([name, mib]) => [
            `peak memory of its own, MiB: ${name}`,
            spread(mib, (n) => n.toFixed(0)),
          ]),
          ['verdict', 'agrees'],
        ],
      ),
    },
    record,
  )
}

interface Made {
  readonly first: number
  readonly count: number
  readonly from: number
  readonly events: number
  readonly pages: number
}

/** Message n is a page view of its own unless n % 100 is 99, which repeats the one before; lib/audited.ts says the same. */
function generate(db: Database, { first, count: number, from, events, pages }: Made): Promise<void> {
  return db.command(
    `INSERT INTO page_views_raw (event_time, page_id, user_id, duration_ms, user_agent, ip_address, region, is_bounce, kafka_partition, kafka_offset, event_id)
     SELECT fromUnixTimestamp64Milli(toInt64(${from} + intDiv(number * ${SPAN_MS}, ${events})), 'UTC'), concat('/page-', toString(cityHash64(number) % ${pages})),
            concat('u-', toString(cityHash64(number, 1) % 1000000)), 1 + cityHash64(number, 2) % 600000, 'Mozilla/5.0', toIPv6('::ffff:203.0.113.9'),
            ['EU', 'US', 'APAC'][1 + number % 3], number % 10 = 0, 0, number,
            toUUID(concat('00000000-0000-8000-8000-', leftPad(lower(hex(number)), 12, '0')))
     FROM numbers(${first}, ${number}) WHERE number % 100 != 99`,
  )
}
