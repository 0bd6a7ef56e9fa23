import { benchmark, count } from './lib/command.ts'
import { drawContenders } from './lib/contenders.ts'
import { BACKLOG_SETTINGS, drain, produceBacklog } from './lib/drain.ts'
import { report } from './lib/report.ts'
import { alternately, tableOf } from './lib/run.ts'
import { say, thousands } from './lib/say.ts'
import { BenchSystem } from './lib/system.ts'
import { loadFile, writePageViews } from './peers/ndjson-file.ts'

interface Options {
  readonly events: number
  readonly runs: number
  readonly record?: true
}

export const drainLocal = benchmark(
  'drain-local',
  'How fast does a backlog in the embedded log become aggregates, beside ClickHouse loading the same events from an NDJSON file?',
)
  .option('--events <n>', 'messages of the backlog', count, 1_000_000)
  .option('--runs <n>', 'how often each', count, 3)
  .action(run)

/** One backlog, generated, sent and kept first; each run of ours reads it as another group into another ClickHouse. */
async function run({ events, runs, record }: Options): Promise<void> {
  await using system = await BenchSystem.create(BACKLOG_SETTINGS)
  const produced = await produceBacklog(system, events)
  say(
    `produced ${events} messages, ${thousands(produced.perSecond)} a second, ${produced.cpuMicroseconds.toFixed(1)} µs each`,
  )
  const file = await writePageViews(system)
  say(`wrote ${file.events} of them, the page views without repeats, into an NDJSON file`)
  const measured = await alternately(
    [
      {
        name: 'Millrace',
        run: async (round) => {
          await system.forgetStore()
          return drain(system, events, { MILLRACE_KAFKA_GROUP: `millrace-${round}` })
        },
      },
      { name: 'ClickHouse from a file, raw rows', run: () => loadFile(file) },
    ],
    runs,
  )
  report(
    {
      name: 'drain-local',
      title: `A backlog of ${events} messages in the embedded log`,
      body: `${tableOf(measured)}\n\n\`verify\` agreed after each run of Millrace; the file's ${file.events} rows were counted after each load.`,
      chart: (caption) => drawContenders(measured, caption),
    },
    record,
  )
}
