import { ServiceClient, type ServiceView } from '../http/service-client.ts'
import type { ProducerStatus } from '../producer/status.ts'

export interface ProducerClientOptions {
  /** Where the producer answers, without a slash at the end; undefined when nobody knows. */
  readonly url: string | undefined
  /** What it needs as a bearer token; empty: nothing. */
  readonly token: string
  /** How long it may take to answer, in milliseconds. 2 s by default. */
  readonly timeoutMs?: number
}

/** What the producer said of itself, or why it said nothing, as a sentence with what to do. */
export type ProducerView = ServiceView<ProducerStatus>

/** Asks the producer over HTTP; it may be away. */
export class ProducerClient {
  readonly #client: ServiceClient<ProducerStatus>

  constructor(options: ProducerClientOptions) {
    this.#client = new ServiceClient<ProducerStatus>({
      ...options,
      name: 'producer',
      setting: 'MILLRACE_PRODUCER_URL',
      unknown:
        'Where the producer answers is not known: set MILLRACE_PRODUCER_URL, or give the producer a port of its own.',
      isStatus: (body): body is ProducerStatus => 'sent' in body && 'speed_eps' in body,
    })
  }

  view(): Promise<ProducerView> {
    return this.#client.view()
  }

  /**
   * Passes a request to change something on, and its answer back.
   *
   * @param path with its query
   * @throws HttpError 502 when the producer does not answer, or something else answers in its place
   */
  async post(path: string, body: unknown): Promise<{ status: number; body: unknown }> {
    const answer = await this.#client.ask(path, { method: 'POST', body })
    if (answer.status === 401 || typeof answer.body !== 'object' || answer.body === null) {
      throw this.#client.away(this.#client.refused(answer.status))
    }
    return answer
  }
}
