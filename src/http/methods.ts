import type { FastifyInstance, HTTPMethods } from 'fastify'
import { HttpError } from './http-error.ts'

/** The pages of the API are a plugin's, which adds routes by rules of its own. */
const FOREIGN = /^\/docs(\/|$)/

/**
 * Answers every path that has a route with 405 for the methods that it has no route for.
 *
 * @returns a function to call when all routes are there
 */
export function refuseOtherMethods(app: FastifyInstance): () => void {
  const methodsOf = new Map<string, Set<string>>()
  app.addHook('onRoute', ({ url, method }) => {
    if (FOREIGN.test(url)) return
    const methods = methodsOf.get(url) ?? new Set()
    for (const each of [method].flat()) methods.add(each)
    methodsOf.set(url, methods)
  })
  return () => {
    // A copy, since the hook sees these routes as well.
    for (const [url, methods] of [...methodsOf]) refuse(app, url, [...methods].sort())
  }
}

function refuse(app: FastifyInstance, url: string, allowed: readonly string[]): void {
  const others = app.supportedMethods.filter((method) => !allowed.includes(method))
  app.route({
    url,
    method: others as HTTPMethods[],
    schema: { hide: true },
    // A hook, so that it comes before the body is read and found wanting.
    onRequest: async ({ method }) => {
      const list = allowed.join(', ')
      throw new HttpError(405, 'method_not_allowed', `${method} is not taken here: use ${list}.`, {
        headers: { allow: list },
      })
    },
    handler: () => {},
  })
}
