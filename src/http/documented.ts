import type { FastifySchema } from 'fastify'
import type { TSchema } from 'typebox'
import type { ParameterSpecs } from './parameters.ts'

declare module 'fastify' {
  interface FastifySchema {
    /** What the route takes; read with `readParameters`, described in the OpenAPI document. */
    parameters?: ParameterSpecs
  }
}

export interface RouteDescription<Response extends TSchema> {
  /** One line on what the route does. */
  summary: string
  description?: string
  /** None when missing. */
  parameters?: ParameterSpecs
  /** What is answered with status 200; the handler's type is checked against it. */
  response: Response
}

/** The schema of a route, for its OpenAPI description and for the type of its answer. */
export function documented<Response extends TSchema>(
  route: RouteDescription<Response>,
): FastifySchema & { response: { 200: Response } } {
  const { response, parameters = {}, ...texts } = route
  return { ...texts, parameters, response: { 200: response } }
}
