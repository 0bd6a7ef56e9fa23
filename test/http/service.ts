import { type IncomingMessage, request } from 'node:http'
import { text } from 'node:stream/consumers'
import type { TestContext } from 'node:test'
import { type HttpServer, type HttpServerOptions, startHttpServer } from '../../src/http/server.ts'
import { silentLogger } from '../../src/observe/logger.ts'

export const OPTIONS: HttpServerOptions = {
  name: 'consumer',
  host: '127.0.0.1',
  port: 0,
  portSetting: 'MILLRACE_CONSUMER_PORT',
  token: '',
  insecure: false,
  logger: silentLogger(),
  health: () => ({ healthy: true, reasons: [] }),
  metrics: async () => ({ contentType: 'text/plain; version=0.0.4; charset=utf-8', body: 'millrace_up 1\n' }),
  routes: () => {},
}

/** A server on a free port that is closed when the test ends. */
export async function startService(
  t: TestContext,
  options: Partial<HttpServerOptions> = {},
): Promise<HttpServer> {
  const server = await startHttpServer({ ...OPTIONS, ...options })
  t.after(() => server.close())
  return server
}

export interface Question {
  method?: string
  headers?: Record<string, string>
  body?: string
  /** Sent as a JSON body. */
  json?: unknown
}

export interface Answer {
  status: number
  headers: IncomingMessage['headers']
  text: string
  // biome-ignore lint/suspicious/noExplicitAny: tests look at what they expect to be there
  json: any
}

/** Asks over a connection of its own; unlike fetch this can send any Host header. */
export async function ask(
  url: string,
  {
    method = 'GET',
    headers = {},
    json,
    body = json === undefined ? undefined : JSON.stringify(json),
  }: Question = {},
): Promise<Answer> {
  const sent = request(url, {
    method,
    agent: false,
    headers: {
      ...(body !== undefined && { 'content-length': Buffer.byteLength(body) }),
      ...(json !== undefined && { 'content-type': 'application/json' }),
      ...headers,
    },
  })
  const answered = new Promise<IncomingMessage>((resolve, reject) =>
    sent.on('response', resolve).on('error', reject),
  )
  sent.end(body)
  const response = await answered
  const content = await text(response)
  const isJson = response.headers['content-type']?.startsWith('application/json') && content !== ''
  return {
    status: response.statusCode!,
    headers: response.headers,
    text: content,
    json: isJson ? JSON.parse(content) : undefined,
  }
}
