import { urlOf } from '../http/url-of.ts'

export interface ProducerAddress {
  /** Set for a producer on another machine; empty: it is on this one. */
  readonly producerUrl: string
  /** What the services of this machine listen on. */
  readonly host: string
  readonly producerPort: number
}

/** Where the consumer finds the producer; undefined when the producer takes any free port. */
export function producerUrlOf({ producerUrl, host, producerPort }: ProducerAddress): string | undefined {
  if (producerUrl !== '') return producerUrl.replace(/\/+$/, '')
  return producerPort === 0 ? undefined : urlOf(host, producerPort)
}
