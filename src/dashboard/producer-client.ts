import { messageOf } from '../errors.ts'
import { HttpError } from '../http/http-error.ts'
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
export interface ProducerView {
  url: string | null
  status: ProducerStatus | null
  problem: string | null
}

const UNKNOWN =
  'Where the producer answers is not known: set MILLRACE_PRODUCER_URL for the consumer, or give the producer a port of its own.'

/** Asks the producer over HTTP; it may be away. */
export class ProducerClient {
  readonly #options: Required<ProducerClientOptions>

  constructor(options: ProducerClientOptions) {
    this.#options = { timeoutMs: 2_000, ...options }
  }

  async view(): Promise<ProducerView> {
    const url = this.#options.url ?? null
    try {
      const { status, body } = await this.#ask('/status', { method: 'GET' })
      if (status === 200 && isStatus(body)) return { url, status: body, problem: null }
      return { url, status: null, problem: this.#refused(status) }
    } catch (error) {
      if (error instanceof HttpError) return { url, status: null, problem: error.message }
      throw error
    }
  }

  /**
   * Passes a request to change something on, and its answer back.
   *
   * @param path with its query
   * @throws HttpError 502 when the producer does not answer, or something else answers in its place
   */
  async post(path: string, body: unknown): Promise<{ status: number; body: unknown }> {
    const answer = await this.#ask(path, {
      method: 'POST',
      ...(body === undefined
        ? {}
        : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
    })
    if (answer.status === 401 || typeof answer.body !== 'object' || answer.body === null) {
      throw away(this.#refused(answer.status))
    }
    return answer
  }

  async #ask(
    path: string,
    init: { method: string; headers?: Record<string, string>; body?: string },
  ): Promise<{ status: number; body: unknown }> {
    const { url, token, timeoutMs } = this.#options
    if (url === undefined) throw away(UNKNOWN)
    try {
      const response = await fetch(`${url}${path}`, {
        ...init,
        headers: { ...init.headers, ...(token === '' ? {} : { authorization: `Bearer ${token}` }) },
        redirect: 'error',
        signal: AbortSignal.timeout(timeoutMs),
      })
      const text = await response.text()
      return { status: response.status, body: parse(text) }
    } catch (error) {
      throw away(
        `The producer does not answer at ${url} (${reasonOf(error)}). Start it with "millrace producer", or set MILLRACE_PRODUCER_URL to where it is.`,
      )
    }
  }

  #refused(status: number): string {
    const { url } = this.#options
    return status === 401
      ? `The producer at ${url} wants another token: give both services the same MILLRACE_API_TOKEN.`
      : `What answers at ${url} is no producer (status ${status}): set MILLRACE_PRODUCER_URL to where it is.`
  }
}

function away(message: string): HttpError {
  return new HttpError(502, 'producer_away', message)
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function isStatus(body: unknown): body is ProducerStatus {
  return typeof body === 'object' && body !== null && 'sent' in body && 'speed_eps' in body
}

/** fetch says only that it failed; why is in the cause. */
function reasonOf(error: unknown): string {
  if (error instanceof Error && error.name === 'TimeoutError') return 'no answer in time'
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error
  const code = (cause as NodeJS.ErrnoException).code
  return code === 'ECONNREFUSED' ? 'connection refused' : (code ?? messageOf(cause))
}
