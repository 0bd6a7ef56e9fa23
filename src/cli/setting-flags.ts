import { type Command, Option } from 'commander'
import { SETTING_GROUPS, SETTINGS, type SettingName } from '../config/config.ts'
import { flagOf, type Setting } from '../config/setting.ts'
import { valueText } from '../config/value-text.ts'

export type SettingGroup = keyof typeof SETTING_GROUPS

/**
 * Adds flags for settings to a command. Their help stands under a heading of its own, behind the command's own options.
 *
 * @param of groups of settings, and single ones
 */
export function addSettings(command: Command, of: readonly (SettingGroup | SettingName)[]): Command {
  command.optionsGroup('Settings (each also as an environment variable, MILLRACE_…):')
  for (const name of settingNames(of)) {
    const setting: Setting<unknown> = SETTINGS[name]
    const flag = flagOf(setting.env)
    const { names: allowed, placeholder = 'value' } = setting.parse
    const shown = valueText(setting, setting.default)
    const option = new Option(`${flag} <${placeholder}>`, setting.help)
    option.defaultValueDescription = shown === '' ? 'empty' : shown
    command.addOption(allowed ? oneOf(option, allowed) : option)
  }
  return command
}

/** Names what an option takes, for help and completions. What it is given is checked where it is read, so that the message is our own. */
export function oneOf(option: Option, names: readonly string[]): Option {
  option.argChoices = [...names]
  return option
}

/** The texts of the settings' flags, out of what commander has parsed. */
export function givenSettings(
  options: Readonly<Record<string, unknown>>,
): Partial<Record<SettingName, string>> {
  return Object.fromEntries(
    Object.entries(options).filter(([name, value]) => name in SETTINGS && typeof value === 'string'),
  )
}

/** Each once, also when it is named beside its group. */
function settingNames(of: readonly (SettingGroup | SettingName)[]): Set<SettingName> {
  const names = of.flatMap((name) =>
    name in SETTING_GROUPS ? Object.keys(SETTING_GROUPS[name as SettingGroup]) : [name],
  )
  return new Set(names as SettingName[])
}
