import { join } from 'node:path'
import { writeAccessLog } from './lib/access-log.ts'
import { benchmark, count, counts, listOption } from './lib/command.ts'
import { drawContenders } from './lib/contenders.ts'
import { BACKLOG_SETTINGS, drain } from './lib/drain.ts'
import { report } from './lib/report.ts'
import { alternately, tableOf } from './lib/run.ts'
import { say } from './lib/say.ts'
import { BenchSystem } from './lib/system.ts'

interface Options {
  readonly events: number
  readonly runs: number
  readonly userAgents: readonly number[]
  readonly record?: true
}

export const payloadSize = benchmark(
  'payload-size',
  'What does an event cost when its payload is small or large?',
)
  .option('--events <n>', 'messages of each backlog', count, 200_000)
  .option('--runs <n>', 'how often each', count, 3)
  .addOption(
    listOption(
      '--user-agents <bytes>',
      'lengths of the user agent, which make the size',
      counts,
      [100, 500, 2_000],
    ),
  )
  .action(run)

/** An access log for each size, replayed into an embedded log of its own; each run reads it as another group into another ClickHouse. */
async function run({ events, runs, userAgents, record }: Options): Promise<void> {
  await using systems = new AsyncDisposableStack()
  const contenders = []
  for (const bytes of userAgents) {
    const system = systems.use(await BenchSystem.create(BACKLOG_SETTINGS))
    const file = join(system.dataDir, 'access.log')
    await writeAccessLog(file, events, bytes, Date.now())
    const { status, output } = await system.run('replay', '--json', file)
    if (status !== 0) throw new Error(`replay ended with ${status}:\n${output}`)
    say(`replayed ${events} page views with user agents of ${bytes} bytes`)
    contenders.push({
      name: `user agents of ${bytes} bytes`,
      run: async (round: number) => {
        await system.forgetStore()
        return drain(system, events, { MILLRACE_KAFKA_GROUP: `group-${round}` })
      },
    })
  }
  const measured = await alternately(contenders, runs)
  report(
    {
      name: 'payload-size',
      title: `${events} messages in the embedded log, by the length of their user agent`,
      body: `${tableOf(measured)}\n\nThe other fields of a message take some 230 bytes. Each user agent is of one of a thousand visitors. \`verify\` agreed after each run.`,
      chart: (caption) => drawContenders(measured, caption),
    },
    record,
  )
}
