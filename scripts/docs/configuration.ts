import { SETTING_GROUPS } from '../../src/config/config.ts'
import { flagOf, type Setting } from '../../src/config/setting.ts'
import { valueText } from '../../src/config/value-text.ts'
import { ERROR_CODES } from '../../src/errors.ts'
import { REJECT_REASONS } from '../../src/event/outcome.ts'
import { LIMITS } from '../../src/event/page-view.ts'
import { markdownTable } from './table.ts'

const TITLES: Readonly<Record<keyof typeof SETTING_GROUPS, string>> = {
  general: 'Services, files and log lines',
  log: 'Event log',
  clickhouse: 'ClickHouse',
  producer: 'Producer',
  consumer: 'Consumer',
}

const LIMIT_WORDS: Readonly<Record<keyof typeof LIMITS, string>> = {
  messageBytes: 'a message, in bytes',
  keyBytes: "a message's key, in bytes",
  pageIdBytes: '`page_id`, in bytes of UTF-8',
  userIdBytes: '`user_id`, in bytes of UTF-8',
  userAgentBytes: '`user_agent`, in bytes of UTF-8',
  regionBytes: '`region`, in bytes of UTF-8',
  durationMs: '`view_duration_ms`, in milliseconds: a day',
}

/** docs/configuration.md. */
export function configurationPage(): string {
  return `# Configuration

Every option is an environment variable and, for the commands that use it, a flag of the same name: \`MILLRACE_DATA_DIR\` is
\`--data-dir\`. A flag wins over the variable, the variable over the default; a variable that is set to nothing counts as
not set. A value that is not allowed ends the command with status 2 and says what is. \`millrace config\` shows every option, its value,
and where it came from; secrets are not shown. A secret may also be in a file: \`…_FILE\` behind its name, such as
\`MILLRACE_API_TOKEN_FILE=/run/secrets/token\`.

Lengths of time are written as \`250ms\`, \`10s\`, \`5m\`, \`1h\`, \`7d\`; sizes as \`1048576\`, \`512M\`, \`10G\` (powers of 1024).

${groups()}

## Limits of an event

What is larger is rejected, with a reason.

${markdownTable(
  ['what', 'at most'],
  Object.entries(LIMITS).map(([name, limit]) => [LIMIT_WORDS[name as keyof typeof LIMITS], String(limit)]),
)}

## Why messages are rejected

The code is in \`processing_errors.error_reason\`, in the metrics and in \`millrace dead-letters\`.

${markdownTable(
  ['reason', 'meaning'],
  Object.entries(REJECT_REASONS).map(([reason, meaning]) => [`\`${reason}\``, meaning]),
)}

## How commands end

0 is success. An error is one line on standard error that says what happened and to what, and one that says what to do.
A command that was interrupted ends with 130, one that was called in a wrong way with 2.

${markdownTable(
  ['error', 'status', 'trying again helps'],
  Object.entries(ERROR_CODES).map(([code, { exitCode, retryable }]) => [
    `\`${code}\``,
    String(exitCode),
    retryable ? 'yes' : 'no',
  ]),
)}
`
}

function groups(): string {
  return Object.entries(SETTING_GROUPS)
    .map(([group, settings]) => {
      const rows = (Object.values(settings) as Setting<unknown>[]).map((setting) => {
        const value = valueText(setting, setting.default)
        return [
          `\`${setting.env}\``,
          `\`${flagOf(setting.env)}\``,
          value === '' ? 'empty' : `\`${value}\``,
          setting.parse.allowed,
          `${setting.help}${setting.secret ? ' Secret: never shown.' : ''}`,
        ]
      })
      const title = TITLES[group as keyof typeof TITLES]
      return `## ${title}\n\n${markdownTable(['variable', 'flag', 'default', 'allowed', 'meaning'], rows)}`
    })
    .join('\n\n')
}
