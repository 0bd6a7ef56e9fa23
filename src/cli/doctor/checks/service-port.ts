import type { Config } from '../../../config/config.ts'
import { MillraceError } from '../../../errors.ts'
import { isRefused, type ServiceView } from '../../../http/service-client.ts'
import { duration } from '../../../observe/words.ts'
import { consumerClient, producerClient } from '../../service-clients.ts'
import { checkPort } from '../../start/ports.ts'
import type { Check, Outcome } from '../check.ts'

export const producerPortCheck: Check = {
  name: 'producer port',
  // The one of this machine, wherever the dashboard finds its producer.
  run: ({ config }) =>
    servicePortOutcome('producer', config, () => producerClient({ ...config, producerUrl: '' }).view()),
}

export const consumerPortCheck: Check = {
  name: 'consumer port',
  run: ({ config }) => servicePortOutcome('consumer', config, () => consumerClient(config).view()),
}

/** Whether a service can listen on its port, or is there already. */
async function servicePortOutcome(
  name: 'producer' | 'consumer',
  config: Config,
  view: () => Promise<ServiceView<{ readonly topic: string; readonly uptime_seconds: number }>>,
): Promise<Outcome> {
  const port = name === 'producer' ? config.producerPort : config.consumerPort
  if (port === 0) return { state: 'ok', detail: 'any free one is taken' }
  try {
    await checkPort(name, config.host, port, `MILLRACE_${name.toUpperCase()}_PORT`)
    return { state: 'ok', detail: `${port} of ${config.host} is free` }
  } catch (error) {
    if (!(error instanceof MillraceError && error.code === 'port_in_use')) throw error
    const seen = await view()
    if (isRefused(seen)) {
      return {
        state: 'fail',
        detail: `${port} of ${config.host} is held by a service that wants another token`,
        mend: `If it is ours, give the MILLRACE_API_TOKEN that it has; else set MILLRACE_${name.toUpperCase()}_PORT.`,
      }
    }
    const { status } = seen
    if (status === null) throw error
    const since = duration(status.uptime_seconds * 1_000)
    return {
      state: 'ok',
      detail: `${port} of ${config.host} is held by our own ${name}, which has run for ${since} on the topic ${status.topic}`,
    }
  }
}
