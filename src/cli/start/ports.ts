import { createServer } from 'node:net'
import type { Config } from '../../config/config.ts'
import { listenError } from '../../http/listen-error.ts'

/**
 * Sees whether the ports of both services are free, before anything is started.
 *
 * @throws MillraceError `port_in_use`, naming the setting
 */
export async function checkPorts(config: Config): Promise<void> {
  await checkPort('producer', config.host, config.producerPort, 'MILLRACE_PRODUCER_PORT')
  await checkPort('consumer', config.host, config.consumerPort, 'MILLRACE_CONSUMER_PORT')
}

/**
 * Sees whether a port is free, by listening on it for a moment.
 *
 * @throws MillraceError `port_in_use`, naming the setting; `invalid_setting` when nobody could listen there
 */
export function checkPort(name: string, host: string, port: number, portSetting: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', (error) => reject(listenError(error, { name, host, port, portSetting })))
    server.listen({ host, port }, () => server.close(() => resolve()))
  })
}
