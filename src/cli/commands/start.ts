import { SETTING_GROUPS } from '../../config/config.ts'
import { loggerOf, type Register, settingsOf } from '../context.ts'
import type { SettingGroup } from '../setting-flags.ts'
import { addSettings, givenSettings } from '../setting-flags.ts'

export const registerStart: Register = (program, context) => {
  const command = program
    .command('start')
    .description('run everything: ClickHouse, producer and consumer, until Ctrl-C')
    .addHelpText(
      'after',
      '\nOn a terminal it shows a summary; with --log-format pretty or json, the log lines of\nall parts instead.',
    )
    .action(async (options) => {
      const flags = givenSettings(options)
      const { config } = settingsOf(context, flags)
      const interactive = context.stderr.isTTY && config.logFormat === 'auto'
      const { runTree } = await import('../start/tree.ts')
      process.exitCode = await runTree(
        {
          config,
          flags,
          environment: context.environment,
          logger: loggerOf(interactive ? { ...config, logLevel: 'warn' } : config, 'start'),
          stderr: context.stderr,
          interactive,
          show: worthALine,
        },
        context.signal,
      )
    })
  addSettings(command, Object.keys(SETTING_GROUPS) as SettingGroup[])
}

/** A service's warnings and errors as a person reads them; what is no line of its log, such as its last words, as it is. */
function worthALine(line: string): string | undefined {
  try {
    const { level, time, name, msg } = JSON.parse(line) as Record<string, string>
    if (!['warn', 'error', 'fatal'].includes(level ?? '')) return undefined
    return `${time?.slice(11, 19)} ${name} ${level}: ${msg}`
  } catch {
    return line
  }
}
