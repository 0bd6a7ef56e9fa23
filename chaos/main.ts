import { whyNoSmallDisk } from './data-directory.ts'
import { type Options, readOptions } from './options.ts'
import { record, reportOf } from './report.ts'
import { runRounds } from './run.ts'

/** `npm run chaos`: rounds of faults, each with an audit at its end. docs/chaos.md says more. */
const given = readOptions(process.argv.slice(2))
const stop = new AbortController()
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(name, () => {
    // Once more, and it ends at once; services notice that the process that started them is gone.
    if (stop.signal.aborted) process.exit(130)
    say('Ending what runs; once more ends at once.')
    stop.abort()
  })
}

function say(line: string): void {
  process.stdout.write(`${line}\n`)
}

/** Without the right to mount there is no disk that can be filled. */
async function withDisk(options: Options): Promise<Options> {
  if (options.faults && !options.faults.includes('disk-full')) return options
  const reason = await whyNoSmallDisk()
  if (reason !== undefined) say(`NOT TRIED: disk-full: ${reason}`)
  return { ...options, smallDisk: reason === undefined }
}

const options = await withDisk(given)
const began = performance.now()
say(`Seed ${options.seed}, ${options.rounds} rounds from number ${options.first}`)
const ran = await runRounds(options, say, stop.signal)
const report = reportOf(ran, options, performance.now() - began)
say(`\n${report}`)
if (options.record !== undefined) record(options.record, report)
if (stop.signal.aborted) process.exitCode = 130
else if (ran.some(({ result }) => result.failure !== undefined)) process.exitCode = 1
