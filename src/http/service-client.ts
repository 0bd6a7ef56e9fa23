import { messageOf } from '../errors.ts'
import { HttpError } from './http-error.ts'

export interface ServiceClientOptions<Status extends object> {
  /** What the service is called in sentences, and how it is started: `millrace NAME`. */
  readonly name: 'producer' | 'consumer'
  /** Where it answers, without a slash at the end; undefined when nobody knows. */
  readonly url: string | undefined
  /** What to do when nobody knows where it answers, as a sentence. */
  readonly unknown: string
  /** What to set when it is elsewhere: `MILLRACE_PRODUCER_URL`. */
  readonly setting: string
  /** What it needs as a bearer token; empty: nothing. */
  readonly token: string
  /** Whether an answer of /status is one of such a service. */
  readonly isStatus: (body: object) => body is Status
  /** How long it may take to answer, in milliseconds. 2 s by default. */
  readonly timeoutMs?: number | undefined
}

/** What a service said of itself, or why it said nothing, as a sentence with what to do. */
export interface ServiceView<Status> {
  url: string | null
  status: Status | null
  problem: string | null
}

const ANOTHER_TOKEN = 'wants another token'

/** Whether the service is there and does not take the token. Asked so too often, it refuses everybody at this address for a while. */
export function isRefused({ problem }: ServiceView<unknown>): boolean {
  return problem?.includes(ANOTHER_TOKEN) ?? false
}

/** What is asked of a service; GET unless told. */
export interface Asked {
  readonly method?: 'GET' | 'POST'
  /** Sent as JSON. */
  readonly body?: unknown
}

/** Asks one of our services over HTTP; it may be away. */
export class ServiceClient<Status extends object> {
  readonly #options: ServiceClientOptions<Status>

  constructor(options: ServiceClientOptions<Status>) {
    this.#options = options
  }

  async view(): Promise<ServiceView<Status>> {
    const { url = null, isStatus } = this.#options
    try {
      const { status, body } = await this.ask('/status')
      if (status === 200 && isObject(body) && isStatus(body)) return { url, status: body, problem: null }
      return { url, status: null, problem: this.refused(status) }
    } catch (error) {
      if (error instanceof HttpError) return { url, status: null, problem: error.message }
      throw error
    }
  }

  /**
   * @param path with its query
   * @throws HttpError 502 when the service does not answer
   */
  async ask(path: string, { method = 'GET', body }: Asked = {}): Promise<{ status: number; body: unknown }> {
    const { name, url, unknown, setting, token, timeoutMs = 2_000 } = this.#options
    if (url === undefined) throw this.away(unknown)
    try {
      const response = await fetch(`${url}${path}`, {
        method,
        headers: {
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
          ...(token === '' ? {} : { authorization: `Bearer ${token}` }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        redirect: 'error',
        signal: AbortSignal.timeout(timeoutMs),
      })
      const text = await response.text()
      return { status: response.status, body: parse(text) }
    } catch (error) {
      throw this.away(
        `The ${name} does not answer at ${url} (${reasonOf(error)}). Start it with "millrace ${name}", or set ${setting} to where it is.`,
      )
    }
  }

  /** Why an answer with this status is not one of the service that was asked, as a sentence with what to do. */
  refused(status: number): string {
    const { name, url, setting } = this.#options
    return status === 401
      ? `The ${name} at ${url} ${ANOTHER_TOKEN}: give it and whoever asks it the same MILLRACE_API_TOKEN.`
      : `What answers at ${url} is no ${name} (status ${status}): set ${setting} to where it is.`
  }

  away(message: string): HttpError {
    return new HttpError(502, `${this.#options.name}_away`, message)
  }
}

function isObject(body: unknown): body is object {
  return typeof body === 'object' && body !== null
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** fetch says only that it failed; why is in the cause. */
function reasonOf(error: unknown): string {
  if (error instanceof Error && error.name === 'TimeoutError') return 'no answer in time'
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error
  const code = (cause as NodeJS.ErrnoException).code
  return code === 'ECONNREFUSED' ? 'connection refused' : (code ?? messageOf(cause))
}
