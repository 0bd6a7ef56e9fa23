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
  if (producerPort === 0) return undefined
  // An address that stands for all of them is no address to call.
  const name = host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host
  return `http://${name.includes(':') ? `[${name}]` : name}:${producerPort}`
}
