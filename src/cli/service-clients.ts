import type { Config } from '../config/config.ts'
import type { ConsumerStatus } from '../consumer/status.ts'
import { ProducerClient } from '../dashboard/producer-client.ts'
import { producerUrlOf } from '../dashboard/producer-url.ts'
import { ServiceClient } from '../http/service-client.ts'
import { urlOf } from '../http/url-of.ts'

/** Asks the producer where the settings say that it is. */
export function producerClient(config: Config): ProducerClient {
  return new ProducerClient({ url: producerUrlOf(config), token: config.apiToken })
}

/** Asks the consumer where the settings say that it is. */
export function consumerClient(config: Config, timeoutMs?: number): ServiceClient<ConsumerStatus> {
  const { host, consumerPort, apiToken } = config
  return new ServiceClient({
    name: 'consumer',
    url: consumerPort === 0 ? undefined : urlOf(host, consumerPort),
    unknown: 'Where the consumer answers is not known: give it a port of its own in MILLRACE_CONSUMER_PORT.',
    setting: 'MILLRACE_HOST and MILLRACE_CONSUMER_PORT',
    token: apiToken,
    timeoutMs,
    isStatus: (body): body is ConsumerStatus => 'processed' in body && 'fresh_as_of' in body,
  })
}
