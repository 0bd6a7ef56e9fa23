import { createHash, timingSafeEqual } from 'node:crypto'
import type { FastifyRequest } from 'fastify'
import ipaddr from 'ipaddr.js'
import { MillraceError } from '../errors.ts'
import { HttpError } from './http-error.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Whether the route answers without the API token. */
    open?: boolean
  }
}

export interface AccessRules {
  /** The address that the service listens on. */
  host: string
  /** What requests must bring as a bearer token; empty: nothing. */
  token: string
  /** Whether anyone may reach the service from other machines without a token. */
  insecure: boolean
}

/**
 * Refuses to put a service on the network that anyone could control.
 *
 * @throws MillraceError invalid_setting
 */
export function requireProtection({ host, token, insecure }: AccessRules): void {
  if (token !== '' || insecure || isLoopback(host)) return
  throw new MillraceError(
    'invalid_setting',
    `MILLRACE_HOST: ${host} can be reached from other machines, and no MILLRACE_API_TOKEN is set`,
    { hint: 'Set MILLRACE_API_TOKEN, listen on 127.0.0.1, or set MILLRACE_INSECURE=on to let anyone in.' },
  )
}

/**
 * A check of each request before anything else of it is looked at; it throws an HttpError.
 *
 * A browser on this machine reaches a service on a loopback address for every web page that is open in it. So such a service
 * answers only requests made to a loopback name (a page can point a name of its own at 127.0.0.1: DNS rebinding), and takes
 * changes only from pages that come from this machine.
 */
export function accessCheck(rules: AccessRules): (request: FastifyRequest) => void {
  const local = isLoopback(rules.host)
  const hasToken = tokenCheck(rules.token)
  return (request) => {
    if (local) requireLocal(request)
    if (!isOpen(request) && !hasToken(request.headers.authorization)) {
      throw new HttpError(
        401,
        'unauthorized',
        'This needs the API token: send it as "Authorization: Bearer <token>".',
        { headers: { 'www-authenticate': 'Bearer realm="millrace"' } },
      )
    }
  }
}

/** /health tells whether the service works, and a page must be there to ask for the token. */
function isOpen({ routeOptions }: FastifyRequest): boolean {
  return routeOptions.url === '/health' || routeOptions.config.open === true
}

/** Whether an address or host name always means this machine: localhost, 127.0.0.0/8, ::1. */
export function isLoopback(host: string): boolean {
  if (host.toLowerCase() === 'localhost') return true
  return ipaddr.isValid(host) && ipaddr.process(host).range() === 'loopback'
}

function requireLocal(request: FastifyRequest): void {
  const { host, origin } = request.headers
  if (!isLocalUrl(`http://${host ?? ''}`)) {
    throw new HttpError(
      421,
      'wrong_host',
      'This service answers on this machine only: use localhost, 127.0.0.1 or [::1] in the address.',
    )
  }
  const changes = request.method !== 'GET' && request.method !== 'HEAD'
  if (changes && origin !== undefined && !isLocalUrl(origin)) {
    throw new HttpError(403, 'foreign_origin', 'Changes are not taken from web pages of other machines.')
  }
}

function isLocalUrl(url: string): boolean {
  if (!URL.canParse(url)) return false
  return isLoopback(new URL(url).hostname.replace(/^\[|\]$/g, ''))
}

function tokenCheck(token: string): (authorization: string | undefined) => boolean {
  if (token === '') return () => true
  const expected = digest(Buffer.from(token))
  return (authorization = '') => {
    const given = /^bearer +(.+)$/i.exec(authorization)?.[1] ?? ''
    // Node reads the bytes of a header as Latin-1. Digests have one length, so that the time this takes tells nothing.
    return timingSafeEqual(digest(Buffer.from(given, 'latin1')), expected)
  }
}

function digest(bytes: Buffer): Buffer {
  return createHash('sha256').update(bytes).digest()
}
