import { SETTING_GROUPS, SETTINGS, type SettingName } from '../../config/config.ts'
import type { Setting } from '../../config/setting.ts'
import { valueText } from '../../config/value-text.ts'
import { type Register, settingsOf } from '../context.ts'
import { addSettings, givenSettings } from '../setting-flags.ts'
import { table } from '../table.ts'

export const registerConfig: Register = (program, context) => {
  const command = program
    .command('config')
    .description('show every option, its value, and where it came from')
    .option('--json', 'print one JSON object with an entry for each option')
    .action((options) => {
      const { config, origins } = settingsOf(context, givenSettings(options))
      const names = Object.keys(SETTINGS) as SettingName[]
      const shown = names.map((name) => {
        const setting: Setting<unknown> = SETTINGS[name]
        return { variable: setting.env, value: valueText(setting, config[name]), origin: origins[name] }
      })
      if (options.json) {
        const entries = shown.map(({ variable, value, origin }) => [variable, { value, origin }])
        context.stdout.write(`${JSON.stringify(Object.fromEntries(entries), null, 2)}\n`)
      } else {
        context.stdout.write(`${table(['setting', 'value', 'from'], shown.map(Object.values))}\n`)
      }
    })
  addSettings(command, Object.keys(SETTING_GROUPS) as (keyof typeof SETTING_GROUPS)[])
}
