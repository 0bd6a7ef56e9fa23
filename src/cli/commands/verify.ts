import { MillraceError } from '../../errors.ts'
import type { ExitCode } from '../../exit-codes.ts'
import { describeReport } from '../../verify/describe.ts'
import { rangeFrom } from '../../verify/range.ts'
import { verify } from '../../verify/verify.ts'
import { openEventLog, openStore } from '../compose.ts'
import { loggerOf, type Register, settingsOf } from '../context.ts'
import { Progress } from '../progress.ts'
import { addSettings, givenSettings } from '../setting-flags.ts'

const STATUS = { agrees: 0, differs: 1, unsettled: 6 } as const satisfies Record<string, ExitCode>

const HELP = `
The system may run meanwhile. docs/verify.md says what is compared, and what to do.

Exit codes: 0 all agree; 1 something differs; 6 nothing differs, but the
consumer or the roll-up did not get on, so not all could be compared; 2 to 5 it
could not be run. After --repair it is that of the second look.`

export const registerVerify: Register = (program, context) => {
  const command = program
    .command('verify')
    .description('ask the log, the ledger, the raw rows and every level of aggregates whether they agree')
    .option('--json', 'print the report as one JSON object')
    .option(
      '--patience <seconds>',
      'how long to wait without progress for the consumer and the roll-up',
      '30',
    )
    .option('--from <time>', 'compare events from this time on (ISO 8601 with a zone); whole hours')
    .option('--to <time>', 'compare events before this time')
    .option('--hours <n>', 'compare events of the last n hours')
    .option('--no-offsets', 'do not look for each message by its offset')
    .option('--repair', 'compute aggregates that differ again from raw, and nothing else; then verify again')
    .option('--dry-run', 'with --repair: only say which windows would be computed')
    .addHelpText('after', HELP)
    .action(async (options) => {
      if (options.dryRun && !options.repair) {
        throw new MillraceError('invalid_setting', '--dry-run is for --repair', {
          hint: 'Give both, or neither.',
        })
      }
      const range = rangeFrom(options, Date.now())
      const { config } = settingsOf(context, givenSettings(options))
      const logger = loggerOf({ ...config, logLevel: 'warn' }, 'verify')
      const { log, ledger, close } = await openEventLog(config, logger)
      await using ending = new AsyncDisposableStack()
      ending.defer(close)
      const { db } = ending.use(await openStore(config, logger))
      const progress = new Progress(context.stderr)
      const report = await verify({
        db,
        log,
        ledger,
        topic: config.kafkaTopic,
        group: config.kafkaGroup,
        rawTtlDays: config.rawTtlDays,
        minuteTtlDays: config.minuteTtlDays,
        patienceMs: seconds(options.patience) * 1_000,
        now: Date.now,
        signal: context.signal,
        range,
        offsets: options.offsets,
        ...(options.repair ? { repair: options.dryRun ? ('dry-run' as const) : ('yes' as const) } : {}),
        progress: (what) => progress.show(what),
        waiting: (what) => progress.show(`waiting: ${what}`),
      })
      progress.clear()
      context.stdout.write(options.json ? `${JSON.stringify(report, null, 2)}\n` : describeReport(report))
      process.exitCode = STATUS[report.verdict]
    })
  addSettings(command, ['log', 'clickhouse', 'dataDir', 'logFormat'])
}

function seconds(text: string): number {
  const value = Number(text)
  if (/^\d+(\.\d+)?$/.test(text) && value <= 86_400) return value
  throw new MillraceError('invalid_setting', `--patience: "${text}" is not allowed`, {
    hint: 'Give a number of seconds from 0 to 86400.',
  })
}
