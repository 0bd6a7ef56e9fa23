import { createWriteStream } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { maxEventAge } from '../../event/max-age.ts'
import type { ExitCode } from '../../exit-codes.ts'
import { count, duration, rate, size } from '../../observe/words.ts'
import { describeReplay } from '../../replay/describe.ts'
import { type ReplayProgress, replay } from '../../replay/replay.ts'
import { openEventLog } from '../compose.ts'
import { loggerOf, type Register, settingsOf } from '../context.ts'
import { Progress } from '../progress.ts'
import { addSettings, givenSettings } from '../setting-flags.ts'
import { openWriter } from '../writer.ts'

/** The status of a command that was interrupted, as shells have it. */
const INTERRUPTED: ExitCode = 130
/** Without a terminal progress is a log line now and then. */
const LINE_EVERY_MS = 10_000
const SHOW_EVERY_MS = 100

export const registerReplay: Register = (program, context) => {
  const command = program
    .command('replay')
    .description('send the page views of access logs')
    .argument('<files...>', 'access logs, plain or compressed with gzip; - is standard input')
    .option('--shift-to-now', 'move all times, so that the last page view of each file happens now')
    .option('--rejects <file>', 'write lines that are no log lines to this file')
    .option('--json', 'print the summary as one JSON object')
    .addHelpText(
      'after',
      '\nReplaying a file again changes nothing.\n\n' +
        'Exit codes: 0 all sent; 1 page views would be lost; 2 a file cannot be used;\n' +
        '5 the log takes nothing; 130 interrupted (run it again to go on).',
    )
    .action(async (files: string[], options) => {
      const { config } = settingsOf(context, givenSettings(options))
      const logger = loggerOf(config, 'replay')
      await using ending = new AsyncDisposableStack()
      const paths: string[] = []
      for (const file of files) paths.push(file === '-' ? await spool(context.stdin, ending) : file)
      const { log, ledger, close } = await openEventLog(config, logger)
      ending.defer(close)
      const writer = await openWriter(log, config)
      const terminal = new Progress(context.stderr)
      const began = performance.now()
      const report = await replay(paths, {
        writer,
        ledger,
        partitions: log.partitions,
        dataDir: config.dataDir,
        maxAgeMs: maxEventAge(config.rawTtlDays, config.lateMargin),
        maxFutureMs: config.maxFuture,
        shiftToNow: options.shiftToNow === true,
        ...(options.rejects === undefined ? {} : { rejectsFile: options.rejects }),
        now: Date.now,
        signal: context.signal,
        progress: sometimes(
          terminal.isShown ? SHOW_EVERY_MS : LINE_EVERY_MS,
          terminal.isShown ? (text) => terminal.show(text) : (text) => logger.info(text),
        ),
      })
      terminal.clear()
      const tookMs = performance.now() - began
      context.stdout.write(options.json ? `${JSON.stringify(report)}\n` : describeReplay(report, tookMs))
      if (!report.complete) process.exitCode = INTERRUPTED
    })
  addSettings(command, [
    'rawTtlDays',
    'lateMargin',
    'maxFuture',
    'sendAttempts',
    'sendBackoff',
    'sendMaxBackoff',
  ])
  addSettings(command, ['log', 'dataDir', 'logLevel', 'logFormat'])
}

/** Standard input is read twice, like every file, so it is kept meanwhile. */
async function spool(stdin: NodeJS.ReadStream, ending: AsyncDisposableStack): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'millrace-replay-'))
  ending.defer(() => rm(directory, { recursive: true, force: true }))
  const path = join(directory, 'standard input')
  await pipeline(stdin, createWriteStream(path, { mode: 0o600 }))
  return path
}

/** Tells how far it has come, not more often than that. */
function sometimes(everyMs: number, tell: (text: string) => void): (progress: ReplayProgress) => void {
  let toldAt = performance.now()
  let file = ''
  let since = { at: 0, bytes: 0, sent: 0 }
  return (progress) => {
    const now = performance.now()
    const name = `${progress.phase} ${progress.file}`
    if (name !== file) {
      file = name
      since = { at: now, bytes: progress.bytesRead, sent: progress.sent }
    }
    if (now - toldAt < everyMs) return
    toldAt = now
    tell(describe(progress, since, now))
  }
}

function describe(
  progress: ReplayProgress,
  since: { at: number; bytes: number; sent: number },
  now: number,
): string {
  const { phase, file, bytesRead, bytes, sent, pageViews } = progress
  const percent = bytes === 0 ? 100 : Math.min(100, Math.floor((100 * bytesRead) / bytes))
  if (phase === 'looking') return `looking through ${file}: ${percent} % of ${size(bytes)}`
  const perMs = (sent - since.sent) / Math.max(1, now - since.at)
  const left = perMs > 0 ? `, ${duration((pageViews - sent) / perMs)} left` : ''
  return `${file}: ${count(sent)} of ${count(pageViews)} page views, ${rate(perMs * 1_000)}${left}`
}
