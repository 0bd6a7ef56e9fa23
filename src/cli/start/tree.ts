import { type Config, SETTINGS, type SettingName } from '../../config/config.ts'
import type { Logger } from '../../observe/logger.ts'
import { openStore } from '../compose.ts'
import { aborted } from '../signals.ts'
import { lockDataDirectory } from './lock.ts'
import { checkPorts } from './ports.ts'
import { ServiceProcess } from './service-process.ts'
import { Watch } from './watch.ts'

export interface TreeOptions {
  readonly config: Config
  /** The texts of the flags that were given, to be passed on. */
  readonly flags: Readonly<Partial<Record<SettingName, string>>>
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly logger: Logger
  readonly stderr: NodeJS.WriteStream
  /** Whether a person looks on: a summary instead of log lines. */
  readonly interactive: boolean
  /** Shows a line of a service's log above the summary. */
  readonly show: (line: string) => string | undefined
}

/**
 * Runs everything in one tree of processes until the signal aborts: the local ClickHouse server, the consumer, the producer. They end
 * in the opposite order, so that what was sent is written.
 *
 * @returns the status to end with
 * @throws MillraceError when it cannot start: `already_running`, `port_in_use`, `file_unusable` …
 */
export async function runTree(options: TreeOptions, signal: AbortSignal): Promise<number> {
  const { config, logger, interactive } = options
  await using ending = new AsyncDisposableStack()
  ending.defer(lockDataDirectory(config.dataDir))
  await checkPorts(config)
  const store = ending.use(await openStore(config, logger))

  const watch: Watch = new Watch(
    {
      producerUrl: () => producer.url,
      consumerUrl: () => consumer.url,
      storeUrl: store.url,
      token: config.apiToken,
    },
    options.stderr,
  )
  const service = (name: 'producer' | 'consumer', args: readonly string[]): ServiceProcess => {
    const onLine = (line: string): void => {
      const shown = options.show(line)
      if (shown !== undefined) watch.say(shown)
    }
    return new ServiceProcess({
      name,
      args,
      environment: environmentOf(options),
      logger,
      ...(interactive ? { onLine } : {}),
    })
  }
  const consumer = service('consumer', ['--init-schema'])
  const producer = service('producer', [])
  ending.defer(() => consumer.stop())
  ending.defer(() => producer.stop())
  consumer.start()
  producer.start()
  if (interactive) {
    watch.start()
    ending.defer(() => watch.stop())
  }
  const status = await Promise.race([aborted(signal).then(() => 0), consumer.gaveUp, producer.gaveUp])
  if (interactive)
    watch.say(status === 0 ? 'Ending: producer, consumer, ClickHouse …' : 'A service cannot run; ending.')
  else logger.info(status === 0 ? 'Ending: producer, consumer, ClickHouse' : 'A service cannot run; ending')
  return status
}

/** What the services read their settings from: the environment, and this command's flags as variables. */
function environmentOf({ environment, flags, interactive }: TreeOptions): NodeJS.ProcessEnv {
  const given = Object.entries(flags) as [SettingName, string][]
  return {
    ...environment,
    ...Object.fromEntries(given.map(([name, text]) => [SETTINGS[name].env, text])),
    ...(interactive ? { MILLRACE_LOG_FORMAT: 'json' } : {}),
  }
}
