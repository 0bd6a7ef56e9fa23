import type { FastifyReply, FastifyRequest } from 'fastify'
import type { App } from '../http/server.ts'
import { type Asset, encodingFor, loadAssets } from './assets.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Whether the route answers without the API token. */
    open?: boolean
  }
}

/** Nothing but what this server sends: no script or style within the page, and no HTML made of text. */
const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join('; ')

/** Headers of every answer of the dashboard. */
export const SECURITY_HEADERS = {
  'content-security-policy': CONTENT_SECURITY_POLICY,
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
} as const

/** Adds the page and its files. They say nothing of the data, so they need no token: the page asks for it. */
export function pageRoutes(app: App): void {
  for (const asset of loadAssets()) {
    const url = asset.name === 'index.html' ? '/' : `/assets/${asset.name}`
    app.get(url, { schema: { hide: true }, config: { open: true } }, (request, reply) =>
      send(asset, request, reply),
    )
  }
}

function send(asset: Asset, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const { 'accept-encoding': accepted, 'if-none-match': known } = request.headers
  // Asked for anew each time, which costs nothing on the way to this machine: an upgrade is there at once.
  void reply.headers({
    ...SECURITY_HEADERS,
    etag: asset.etag,
    'cache-control': 'no-cache',
    vary: 'accept-encoding',
  })
  if (known !== undefined && isKnown(known, asset.etag)) return reply.code(304).send()
  const encoding = encodingFor(accepted)
  if (encoding !== 'identity') void reply.header('content-encoding', encoding)
  return reply.type(asset.contentType).send(asset.bodies[encoding])
}

function isKnown(known: string, etag: string): boolean {
  return known.trim() === '*' || known.split(',').some((each) => each.trim() === etag)
}
