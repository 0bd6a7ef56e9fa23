import type { Command } from 'commander'
import { show } from '../../../dead-letters/display.ts'
import { listReplays } from '../../../store/dead-letter-replays.ts'
import { getError } from '../../../store/dead-letters.ts'
import { openStore } from '../../compose.ts'
import { type CliContext, loggerOf, settingsOf } from '../../context.ts'
import { addSettings, givenSettings } from '../../setting-flags.ts'
import { placeOf } from './arguments.ts'
import { asJson } from './json.ts'

/** `millrace dead-letters show` */
export function registerShow(group: Command, context: CliContext): void {
  const command = group
    .command('show')
    .description('show one dead letter, bytes that are no text as hex')
    .argument('<place>', 'partition/offset, as list shows it')
    .option('--json', 'print one JSON object')
    .action(async (place: string, options) => {
      const { config } = settingsOf(context, givenSettings(options))
      await using store = await openStore(config, loggerOf({ ...config, logLevel: 'warn' }, 'dead-letters'))
      const letter = await getError(store.db, placeOf(place, config))
      const replays = await listReplays(store.db, letter)
      if (options.json) {
        const sent = replays.map(({ eventId, by, atMs, message }) => {
          return { event_id: eventId, by, at: new Date(atMs).toISOString(), message: show(message) }
        })
        context.stdout.write(`${JSON.stringify({ ...asJson(letter), replays: sent })}\n`)
        return
      }
      const { topic, partition, offset, reason, detail, rejectedAtMs, resolved, key, value } = letter
      context.stdout.write(
        [
          `${topic}, partition ${partition}, offset ${offset}`,
          `rejected  ${new Date(rejectedAtMs).toISOString()} as ${reason}: ${shownAs(Buffer.from(detail))}`,
          `resolved  ${resolved ? `${new Date(resolved.atMs).toISOString()}, ${shownAs(Buffer.from(resolved.how))}` : 'no'}`,
          `key       ${key === null ? 'none' : shownAs(key)}`,
          `message   ${value === null ? 'none' : shownAs(value)}`,
          ...replays.map(
            ({ by, atMs, message }) =>
              `sent      ${new Date(atMs).toISOString()} by ${shownAs(Buffer.from(by))}: ${shownAs(message)}`,
          ),
          '',
        ].join('\n'),
      )
    })
  addSettings(command, ['clickhouse', 'dataDir', 'kafkaTopic', 'logFormat'])
}

function shownAs(bytes: Buffer): string {
  const { as, content } = show(bytes)
  return as === 'hex' ? `(hex) ${content}` : content
}
