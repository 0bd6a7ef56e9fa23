import type { ChildProcess } from 'node:child_process'
import { look, type Measured, measuredOf } from './measured.ts'
import { type BenchSystem, freePort } from './system.ts'
import { patienceFor, until } from './wait.ts'

/**
 * Drains a backlog by several consumers of one group at the same time, into a ClickHouse that runs apart from them. The time runs from the
 * moment they are started, since one would be done before another answers; `verify` must agree at the end.
 *
 * @param brokers processes to be measured besides
 */
export async function drainTogether(
  system: BenchSystem,
  events: number,
  processes: number,
  settings: Record<string, string>,
  brokers: readonly number[],
): Promise<Measured> {
  const server = system.start('clickhouse')
  await system.clickhouseAnswers(server)
  const before = look([server.pid, ...brokers])
  const consumers: { child: ChildProcess; url: string }[] = []
  for (let i = 0; i < processes; i++) {
    const port = await freePort()
    const own = { ...settings, MILLRACE_CONSUMER_PORT: String(port) }
    const child = system.startWith(own, 'consumer', '--init-schema')
    consumers.push({ child, url: `http://127.0.0.1:${port}` })
  }
  for (const { child, url } of consumers) await system.ready(url, child)
  await until(`${processes} consumers, draining`, patienceFor(events), async () => {
    const answers = await Promise.all(consumers.map(({ url }) => system.json(`${url}/status`)))
    const processed = answers.reduce((sum, answer) => sum + answer.processed, 0)
    const { lag } = answers[0]
    // Each knows of what it has flushed itself, and of the others when it has looked.
    const windows = answers.reduce(
      (sum, { stale_windows: stale }) => sum + stale.slice + stale.minute + stale.hour,
      0,
    )
    return {
      done: processed >= events && lag === 0 && windows === 0,
      so: `${processed} of ${events} messages read, ${lag} not committed, ${windows} windows to roll up`,
    }
  })
  const after = look([server.pid, ...brokers, ...consumers.map(({ child }) => child.pid)])
  const { status, output } = await system.runWith(settings, 'verify')
  if (status !== 0) throw new Error(`verify differs:\n${output}`)
  for (const { child } of consumers) await system.end(child)
  await system.end(server)
  return measuredOf(events, before, after)
}
