import { MillraceError } from '../errors.ts'
import { flagOf, parseSetting, type Setting } from './setting.ts'
import { clickhouse } from './settings/clickhouse.ts'
import { consumer } from './settings/consumer.ts'
import { general } from './settings/general.ts'
import { log } from './settings/log.ts'
import { producer } from './settings/producer.ts'

/** Every option of the program, in the groups that the documentation shows. */
export const SETTING_GROUPS = { general, log, clickhouse, producer, consumer } as const

/** Every option of the program, by the name that the code uses. */
export const SETTINGS = { ...general, ...log, ...clickhouse, ...producer, ...consumer } as const

export type SettingName = keyof typeof SETTINGS

/** The values of all options, read once at the start and frozen. */
export type Config = {
  readonly [N in SettingName]: (typeof SETTINGS)[N] extends Setting<infer T> ? T : never
}

export type Origin = 'default' | 'environment' | 'flag'

export interface LoadedConfig {
  readonly config: Config
  /** Where each value came from. */
  readonly origins: Readonly<Record<SettingName, Origin>>
}

/**
 * Reads every option: a flag wins over the environment, the environment over the default. An environment variable
 * that is set to nothing counts as not set.
 *
 * @param environment `process.env`; variables that do not begin with MILLRACE_ are ignored
 * @param flags the texts of the flags that were given, by the name that the code uses
 * @throws MillraceError `invalid_setting` for a value that is not allowed and for an unknown MILLRACE_ variable
 */
export function loadConfig(
  environment: Readonly<Record<string, string | undefined>>,
  flags: Readonly<Partial<Record<SettingName, string>>> = {},
): LoadedConfig {
  refuseUnknown(environment)
  const values: Record<string, unknown> = {}
  const origins: Record<string, Origin> = {}
  for (const [name, setting] of Object.entries(SETTINGS) as [SettingName, Setting<unknown>][]) {
    const flag = flags[name]
    const variable = environment[setting.env]
    if (flag !== undefined) {
      values[name] = parseSetting(setting, flag, flagOf(setting.env))
      origins[name] = 'flag'
    } else if (variable !== undefined && variable !== '') {
      values[name] = parseSetting(setting, variable, setting.env)
      origins[name] = 'environment'
    } else {
      values[name] = setting.default
      origins[name] = 'default'
    }
  }
  return {
    config: Object.freeze(values) as Config,
    origins: Object.freeze(origins) as Readonly<Record<SettingName, Origin>>,
  }
}

/** A variable whose name is misspelt would otherwise be a default that nobody wanted. */
function refuseUnknown(environment: Readonly<Record<string, string | undefined>>): void {
  const known = new Set<string>(Object.values(SETTINGS).map(({ env }) => env))
  for (const name of Object.keys(environment)) {
    if (!name.startsWith('MILLRACE_') || known.has(name) || NOT_SETTINGS.test(name)) continue
    const words = name.slice('MILLRACE_'.length).split('_')
    const likely = [...known].filter((one) => words.some((word) => word.length > 2 && one.includes(word)))
    throw new MillraceError('invalid_setting', `${name}: there is no such setting`, {
      hint:
        likely.length > 0
          ? `Did you mean ${likely.slice(0, 5).join(', ')}?`
          : '`millrace config` shows all of them.',
    })
  }
}

/** Variables of the tests. */
const NOT_SETTINGS = /^MILLRACE_(TEST_|CI$)/

/** The options' defaults, with some replaced; for tests and for parts used on their own. */
export function configWith(overrides: Partial<Config> = {}): Config {
  return Object.freeze({ ...loadConfig({}).config, ...overrides })
}
