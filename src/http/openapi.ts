import swagger from '@fastify/swagger'
import swaggerUi from '@fastify/swagger-ui'
import type { FastifyInstance, FastifySchema } from 'fastify'
import { ErrorAnswer } from './http-error.ts'
import { bodySchema, type ParameterSpecs, querySchema } from './parameters.ts'

/** In characters; those that are not ASCII are up to nine bytes each in an address. */
const LONGEST_IN_ADDRESS = 4_096

const JSON_TYPE = 'application/json'

/** Errors are JSON, whatever else the route answers. */
const ERROR = { description: 'What went wrong', content: { [JSON_TYPE]: { schema: ErrorAnswer } } }

/** The answer of a route that has no schema for it: lines, text, or what another service has answered. */
function anything(types: readonly string[]): object {
  const content = types.map((type) => [type, { schema: { type: type === JSON_TYPE ? 'object' : 'string' } }])
  return { description: 'The answer', content: Object.fromEntries(content) }
}

/** Collects the schemas of the routes added from here on, and serves them as an OpenAPI document, and as pages to try them on at /docs. */
export async function serveOpenApi(
  app: FastifyInstance,
  service: { name: string; token: string },
): Promise<void> {
  const needsToken = service.token !== ''
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: `Millrace ${service.name}`,
        version: '1',
        license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
      },
      // Whatever address it was asked at.
      servers: [{ url: '/' }],
      security: needsToken ? [{ token: [] }] : [],
      ...(needsToken && { components: { securitySchemes: { token: { type: 'http', scheme: 'bearer' } } } }),
    },
    transform: ({ schema, url, route }) => ({
      schema: { operationId: operationId(route.method, url), ...describe(schema, route.method) },
      url,
    }),
    transformObject: (document) => {
      if (!('openapiObject' in document)) return document.swaggerObject
      makeBodiesOptional(document.openapiObject.paths ?? {})
      return document.openapiObject
    },
  })
  app.get('/openapi.json', { schema: { hide: true } }, () => app.swagger())
  // Its files come with it, so the pages work without a network.
  await app.register(swaggerUi, { routePrefix: '/docs', staticCSP: true })
}

/** `postGenerateBurst` of POST /generate/burst: what generated clients call it. */
function operationId(method: string | string[], url: string): string {
  const words = url.split(/\W+/).filter((word) => word !== '')
  return [
    [method].flat()[0]!.toLowerCase(),
    ...words.map((word) => word[0]!.toUpperCase() + word.slice(1)),
  ].join('')
}

/** Adds to a route's schema what its parameters look like, and what an answer and an error look like. */
function describe(schema: FastifySchema | undefined, method: string | string[]): FastifySchema {
  const { parameters = {}, produces = [JSON_TYPE], response, ...rest } = schema ?? {}
  const described: FastifySchema = {
    ...rest,
    response: { ...((response as object | undefined) ?? { 200: anything(produces) }), default: ERROR },
  }
  if (Object.keys(parameters).length === 0) return described
  if (method === 'GET' || method === 'HEAD') return { ...described, querystring: querySchema(parameters) }
  // Each parameter may be in either place, so neither place requires it.
  return {
    ...described,
    querystring: bodySchema(fittingAddresses(parameters)),
    body: rest.body ?? bodySchema(parameters),
  }
}

/** Without texts that may be longer than Node reads of a request's head, which is 16 KB: they are refused with 431 in an address. */
function fittingAddresses(specs: ParameterSpecs): ParameterSpecs {
  const entries = Object.entries(specs)
  return Object.fromEntries(
    entries.filter(([, { schema }]) => Number(schema.maxLength ?? 0) <= LONGEST_IN_ADDRESS),
  )
}

/** The plugin says of every body that it is required. */
function makeBodiesOptional(paths: Readonly<Record<string, object | undefined>>): void {
  for (const operation of Object.values(paths).flatMap((path) => Object.values(path ?? {}))) {
    if (operation.requestBody) operation.requestBody.required = false
  }
}
