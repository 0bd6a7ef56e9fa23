import type { ServerResponse } from 'node:http'
import { type Static, Type } from 'typebox'

/** What every answer with a status of 400 and above looks like. */
export const ErrorAnswer = Type.Object({
  error: Type.Object({
    code: Type.String({ description: 'What went wrong, for programs: it does not change.' }),
    message: Type.String({ description: 'What went wrong, to what, and what to do, for people.' }),
  }),
})

export type ErrorAnswer = Static<typeof ErrorAnswer>

export interface HttpErrorDetails {
  /** Headers of the answer, `allow` for example. */
  headers?: Readonly<Record<string, string>>
}

/** A request that is answered with an error. Message and code are shown to whoever sent it. */
export class HttpError extends Error {
  override readonly name = 'HttpError'
  readonly status: number
  readonly code: string
  readonly headers: Readonly<Record<string, string>>

  constructor(status: number, code: string, message: string, details: HttpErrorDetails = {}) {
    super(message)
    this.status = status
    this.code = code
    this.headers = details.headers ?? {}
  }

  get answer(): ErrorAnswer {
    return { error: { code: this.code, message: this.message } }
  }

  /** Writes the answer without Fastify, for requests that did not get far enough to have a route. */
  writeTo(response: ServerResponse): void {
    response.writeHead(this.status, { ...this.headers, 'content-type': 'application/json; charset=utf-8' })
    response.end(JSON.stringify(this.answer))
  }
}
