import { STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify'
import { type ErrorCode, MillraceError } from '../errors.ts'
import type { Logger } from '../observe/logger.ts'
import { HttpError } from './http-error.ts'

/** The biggest body that is read, in bytes. */
export const BODY_LIMIT = 1024 * 1024

const RETRY_AFTER_SECONDS = 1

/** What Fastify refuses by itself, in our words. Its other refusals of a request keep their status and message. */
const REFUSALS: Readonly<Record<string, readonly [status: number, code: string, message: string]>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: [
    413,
    'body_too_large',
    `The body is too large: send at most ${BODY_LIMIT} bytes.`,
  ],
  FST_ERR_CTP_INVALID_MEDIA_TYPE: [
    415,
    'unsupported_media_type',
    'The body has a content type that is not read here: send application/json, or give the parameters in the query.',
  ],
  FST_ERR_CTP_INVALID_JSON_BODY: [400, 'invalid_json', 'The body is not valid JSON.'],
  FST_ERR_HANDLER_TIMEOUT: [503, 'timeout', 'The answer took too long: try again later.'],
}

/** Errors of ours that a request can lead to. The retryable ones are all answered with 503. */
const STATUS_OF: Partial<Record<ErrorCode, number>> = {
  invalid_setting: 400,
  check_failed: 400,
  not_found: 404,
}

/** Answers what a hook or a handler threw. What was not expected is logged, and its details stay in the log. */
export function answerErrors(
  logger: Logger,
): (error: unknown, request: FastifyRequest, reply: FastifyReply) => FastifyReply {
  return (error, request, reply) => {
    const answer = httpErrorFor(error)
    if (answer.status >= 500) {
      const line = { error, method: request.method, path: request.routeOptions.url }
      if (answer.status === 503) logger.warn(line, 'request could not be answered for now')
      else logger.error(line, 'request failed')
    }
    return reply.code(answer.status).headers(answer.headers).send(answer.answer)
  }
}

/** Answers what is not even a request, or took too long to become one. */
export function answerBrokenRequest(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy()
    return
  }
  const { status, answer } = brokenRequestError(error.code)
  const body = JSON.stringify(answer)
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    'content-type: application/json; charset=utf-8',
    `content-length: ${Buffer.byteLength(body)}`,
    'connection: close',
  ]
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`, () => socket.destroy())
}

function httpErrorFor(error: unknown): HttpError {
  if (error instanceof HttpError) return error
  if (error instanceof MillraceError) return fromMillraceError(error)
  const { code, statusCode = 500, message } = (error ?? {}) as Partial<FastifyError>
  if (typeof code !== 'string' || !code.startsWith('FST_')) return unexpected()
  const refusal = REFUSALS[code]
  if (refusal) return new HttpError(...refusal)
  if (statusCode < 500)
    return new HttpError(statusCode, 'bad_request', message ?? 'The request cannot be read.')
  return unexpected()
}

function fromMillraceError(error: MillraceError): HttpError {
  const message = error.hint === undefined ? error.message : `${error.message}. ${error.hint}`
  if (error.retryable) {
    return new HttpError(503, error.code, message, {
      headers: { 'retry-after': String(RETRY_AFTER_SECONDS) },
    })
  }
  const status = STATUS_OF[error.code]
  return status === undefined ? unexpected() : new HttpError(status, error.code, message)
}

function unexpected(): HttpError {
  return new HttpError(500, 'internal_error', 'Something went wrong here; the log of the service says what.')
}

function brokenRequestError(code: string | undefined): HttpError {
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') {
    return new HttpError(408, 'request_timeout', 'The request did not arrive in time.')
  }
  if (code === 'HPE_HEADER_OVERFLOW') {
    return new HttpError(431, 'headers_too_large', 'The headers of the request are too large.')
  }
  return new HttpError(400, 'bad_request', 'This is not a request of HTTP/1.1.')
}
