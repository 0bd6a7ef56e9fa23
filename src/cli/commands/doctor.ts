import { styleText } from 'node:util'
import { SETTING_GROUPS } from '../../config/config.ts'
import type { Register } from '../context.ts'
import { runChecks } from '../doctor/check.ts'
import { CHECKS } from '../doctor/checks/index.ts'
import { describeFindings, worstOf } from '../doctor/describe.ts'
import { readSettings } from '../doctor/settings.ts'
import { surroundingsOf } from '../doctor/surroundings.ts'
import { Progress } from '../progress.ts'
import { addSettings, givenSettings, type SettingGroup } from '../setting-flags.ts'
import { aborted } from '../signals.ts'

const HELP = `
It changes nothing and starts nothing. docs/top-and-doctor.md says what is looked at.

Exit codes: 0 Millrace can work here, with warnings or without; 1 something would
prevent it.`

export const registerDoctor: Register = (program, context) => {
  const command = program
    .command('doctor')
    .description('check whether Millrace can work here: ports, disk, settings, brokers, ClickHouse and more')
    .option('--json', 'print the findings as one JSON object')
    .addHelpText('after', HELP)
    .action(async (options) => {
      const { config, findings } = readSettings(context.environment, givenSettings(options))
      const progress = new Progress(context.stderr)
      progress.show('Checking …')
      await using around = surroundingsOf(config)
      const found = await Promise.race([runChecks(CHECKS, around), aborted(context.signal)])
      progress.clear()
      if (found === undefined) {
        process.exitCode = 130
        return
      }
      const all = [...findings, ...found]
      const worst = worstOf(all)
      context.stdout.write(
        options.json
          ? `${JSON.stringify({ state: worst, findings: all }, null, 2)}\n`
          : describeFindings(all, (colour, text) => styleText(colour, text, { stream: context.stdout })),
      )
      process.exitCode = worst === 'fail' ? 1 : 0
    })
  addSettings(command, Object.keys(SETTING_GROUPS) as SettingGroup[])
}
