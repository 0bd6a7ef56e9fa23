import { type Config, loadConfig, SETTINGS, type SettingName } from '../../config/config.ts'
import { withSecretFiles } from '../../config/secret-files.ts'
import { requireProtection } from '../../http/access.ts'
import { checkConnections } from '../compose.ts'
import { sharesOf } from '../services/producer.ts'
import { type Finding, failureOutcome } from './check.ts'

type Texts = Readonly<Record<string, string | undefined>>

export interface ReadSettings {
  /** With the defaults in place of what is not allowed, so that the other checks can be run. */
  readonly config: Config
  readonly findings: readonly Finding[]
}

/** Reads each setting by itself, so that all of the mistakes are told and not only the first. */
export function readSettings(environment: Texts, flags: Partial<Record<SettingName, string>>): ReadSettings {
  const findings: Finding[] = []
  const tried = <T>(read: () => T): T | undefined => {
    try {
      return read()
    } catch (error) {
      findings.push({ name: 'settings', ...failureOutcome(error) })
      return undefined
    }
  }
  const variables = Object.keys(environment).filter((name) => name.startsWith('MILLRACE_'))
  const good: Record<string, string | undefined> = {}
  for (const name of variables) {
    const base = name.replace(/_FILE$/, '')
    const both = { [name]: environment[name], [base]: environment[base] }
    const texts = tried(() => {
      const read = withSecretFiles(both)
      loadConfig(read)
      return read
    })
    if (texts) Object.assign(good, texts)
  }
  const goodFlags = Object.entries(flags).filter(([name, text]) =>
    tried(() => loadConfig({}, { [name]: text })),
  )
  const { config } = loadConfig(good, Object.fromEntries(goodFlags))

  tried(() => requireProtection({ host: config.host, token: config.apiToken, insecure: config.insecure }))
  tried(() => sharesOf(config))
  tried(() => checkConnections(config))
  const given = variables.length + Object.keys(flags).length
  return {
    config,
    findings:
      findings.length > 0
        ? findings
        : [{ name: 'settings', state: 'ok', detail: `${given} given, of ${Object.keys(SETTINGS).length}` }],
  }
}
