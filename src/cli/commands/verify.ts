import { MillraceError } from '../../errors.ts'
import { describeReport } from '../../verify/describe.ts'
import { verify } from '../../verify/verify.ts'
import { openEventLog, openStore } from '../compose.ts'
import { loggerOf, type Register, settingsOf } from '../context.ts'
import { Progress } from '../progress.ts'
import { addSettings, givenSettings } from '../setting-flags.ts'

export const registerVerify: Register = (program, context) => {
  const command = program
    .command('verify')
    .description('ask the log, the ledger, the raw rows and every level of aggregates whether they agree')
    .option('--json', 'print the report as one object')
    .option(
      '--patience <seconds>',
      'how long to wait without progress for the consumer and the roll-up',
      '30',
    )
    .addHelpText(
      'after',
      '\nIt ends with status 0 when all agree, and 1 when something differs. The system may run meanwhile.',
    )
    .action(async (options) => {
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
        waiting: (what) => progress.show(`waiting: ${what}`),
      })
      progress.clear()
      context.stdout.write(options.json ? `${JSON.stringify(report, null, 2)}\n` : describeReport(report))
      process.exitCode = report.agrees ? 0 : 1
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
