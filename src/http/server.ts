import type { AddressInfo } from 'node:net'
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import { fastify } from 'fastify'
import type { Logger } from '../observe/logger.ts'
import { accessCheck, requireProtection } from './access.ts'
import type { App } from './app.ts'
import { addBuiltIns, type BuiltIns } from './built-ins.ts'
import { answerBrokenRequest, answerErrors, BODY_LIMIT } from './error-answers.ts'
import { HttpError } from './http-error.ts'
import { readJson } from './json-body.ts'
import { listenError } from './listen-error.ts'
import { refuseOtherMethods } from './methods.ts'
import { serveOpenApi } from './openapi.ts'
import { readParameters } from './parameters.ts'
import { RATE_LIMITS, type RateLimits, requestRates } from './request-rates.ts'
import { urlOf } from './url-of.ts'

export type { App } from './app.ts'
export type { Health } from './built-ins.ts'

export interface HttpServerOptions extends BuiltIns {
  /** Which service it is, for messages and the OpenAPI document: `producer`, `consumer`. */
  name: string
  /** The address to listen on. */
  host: string
  /** The port to listen on; 0 takes a free one. */
  port: number
  /** The setting that the port comes from, for the error when it is taken. */
  portSetting: string
  /** What requests must bring as a bearer token, except to /health; empty: nothing. */
  token: string
  /** Whether to listen on other than loopback addresses without a token. */
  insecure: boolean
  /** How often a client may do what; RATE_LIMITS unless told. */
  rates?: RateLimits
  logger: Logger
  /** Adds the routes of the service; /health, /metrics and /openapi.json are there already. */
  routes: (app: App) => void
}

export interface HttpServer extends AsyncDisposable {
  /** Where it answers, without a slash at the end: `http://127.0.0.1:8080`. */
  readonly url: string
  /** Takes no more requests and lets those under way end, for 1.5 s at most. Calling it again waits for the same end. */
  close(): Promise<void>
}

/** How long things may take, in milliseconds. */
export interface HttpTimeouts {
  /** From the first byte of a request to its last. */
  request: number
  /** From a request to its answer. */
  answer: number
  /** What the requests under way get to end when the server closes. */
  close: number
}

const TIMEOUTS: HttpTimeouts = { request: 15_000, answer: 60_000, close: 1_500 }

/**
 * Starts the HTTP server of a service and waits until it listens.
 *
 * @throws MillraceError invalid_setting for an address that is unusable or would let anyone in, port_in_use
 */
export async function startHttpServer(
  options: HttpServerOptions,
  timeouts: HttpTimeouts = TIMEOUTS,
): Promise<HttpServer> {
  requireProtection(options)
  const app = await createApp(options, timeouts)
  try {
    await app.listen({ host: options.host, port: options.port })
  } catch (error) {
    await app.close()
    throw listenError(error, options)
  }
  let closed: Promise<void> | undefined
  const close = () => {
    closed ??= closeApp(app, timeouts.close)
    return closed
  }
  const { port } = app.server.address() as AddressInfo
  return { url: urlOf(options.host, port), close, [Symbol.asyncDispose]: close }
}

async function createApp(options: HttpServerOptions, timeouts: HttpTimeouts): Promise<App> {
  const app: App = fastify({
    bodyLimit: BODY_LIMIT,
    requestTimeout: timeouts.request,
    handlerTimeout: timeouts.answer,
    http: {
      // How often Node looks for requests that are too slow; every 30 s unless told.
      connectionsCheckingInterval: Math.min(1_000, timeouts.request),
      // Node takes the larger of the two for the whole request: with its own minute here a slow body would have a minute.
      headersTimeout: timeouts.request,
      // Checked by us, since Node answers in a format of its own.
      requireHostHeader: false,
    },
    forceCloseConnections: 'idle',
    // Otherwise Fastify answers requests on open connections with an error of its own format while it closes.
    return503OnClosing: false,
    clientErrorHandler: answerBrokenRequest,
    frameworkErrors: (_error, _request, reply) => {
      new HttpError(400, 'bad_request', 'The address of the request cannot be read.').writeTo(reply.raw)
    },
  }).withTypeProvider<TypeBoxTypeProvider>()

  // Schemas describe and type; requests are checked by readParameters, and answers are sent as the handlers give them.
  app.setValidatorCompiler(() => () => true)
  app.setSerializerCompiler(() => (data) => JSON.stringify(data))
  app.setErrorHandler(answerErrors(options.logger))
  readJson(app)

  const check = accessCheck(options, await requestRates(app, options.rates ?? RATE_LIMITS))
  app.addHook('onRequest', (request) => check(request))
  app.addHook('preHandler', async (request) => {
    const parameters = request.routeOptions.schema?.parameters
    // Who takes parameters reads them, and finds the unknown ones in doing so.
    if (parameters && Object.keys(parameters).length === 0) readParameters(parameters, request)
  })
  app.setNotFoundHandler((request) => {
    const path = request.url.split('?', 1)[0]!
    throw new HttpError(404, 'not_found', `There is nothing at ${path}: /openapi.json lists what there is.`)
  })

  const routesAreComplete = refuseOtherMethods(app)
  await serveOpenApi(app, options)
  addBuiltIns(app, options)
  options.routes(app)
  routesAreComplete()
  return app
}

async function closeApp(app: App, timeoutMs: number): Promise<void> {
  const timer = setTimeout(() => app.server.closeAllConnections(), timeoutMs)
  try {
    await app.close()
  } finally {
    clearTimeout(timer)
  }
}
