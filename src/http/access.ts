import { createHash, timingSafeEqual } from 'node:crypto'
import { hostname } from 'node:os'
import type { FastifyRequest } from 'fastify'
import ipaddr from 'ipaddr.js'
import { MillraceError } from '../errors.ts'
import { HttpError } from './http-error.ts'
import type { RequestRates } from './request-rates.ts'

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
 * A browser reaches a service on this machine, or in this network, for every web page that is open in it. So a service that asks for no
 * token, and every one on a loopback address, answers only requests made to a name that no page can have (a page can point a
 * name of its own at any address: DNS rebinding), and takes changes only from pages of its own. With a token on other
 * addresses no check is needed: a page cannot know it, and no browser sends it by itself.
 */
export function accessCheck(
  rules: AccessRules,
  rates: RequestRates,
): (request: FastifyRequest) => Promise<void> {
  const local = isLoopback(rules.host)
  const guarded = local || rules.token === ''
  const hasToken = tokenCheck(rules.token)
  return async (request) => {
    if (guarded) requireOwnName(request, local)
    if (isChange(request)) {
      if (guarded) requireOwnPage(request, local)
      await rates.change(request)
    }
    if (isOpen(request)) return
    rates.requireFewMistakes(request)
    if (hasToken(request.headers.authorization)) return
    await rates.mistake(request)
    throw new HttpError(
      401,
      'unauthorized',
      'This needs the API token: send it as "Authorization: Bearer <token>".',
      { headers: { 'www-authenticate': 'Bearer realm="millrace"' } },
    )
  }
}

function isChange({ method }: FastifyRequest): boolean {
  return method !== 'GET' && method !== 'HEAD'
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

function requireOwnName({ headers: { host } }: FastifyRequest, local: boolean): void {
  const name = hostNameOf(`http://${host ?? ''}`)
  if (name !== undefined && (isLoopback(name) || (!local && isPrivateName(name)))) return
  throw new HttpError(
    421,
    'wrong_host',
    local
      ? 'This service answers on this machine only: use localhost, 127.0.0.1 or [::1] in the address.'
      : 'Without MILLRACE_API_TOKEN this service answers to its IP address and to names of the local network only: use one of these in the address.',
  )
}

function requireOwnPage({ headers }: FastifyRequest, local: boolean): void {
  const { origin, host } = headers
  const isForeign = headers['sec-fetch-site'] === 'cross-site'
  if (!isForeign && (origin === undefined || isOwnOrigin(origin, host, local))) return
  throw new HttpError(
    403,
    'foreign_origin',
    local
      ? 'Changes are not taken from web pages of other machines.'
      : 'Changes are not taken from web pages of others.',
  )
}

function isOwnOrigin(origin: string, host: string | undefined, local: boolean): boolean {
  if (local) return isLoopback(hostNameOf(origin) ?? '')
  return (
    URL.canParse(origin) &&
    URL.canParse(`http://${host}`) &&
    new URL(origin).host === new URL(`http://${host}`).host
  )
}

/** Domains that nobody can register: RFC 6761, RFC 6762, RFC 8375, and the one that ICANN reserves for private use. */
const PRIVATE_DOMAINS = /\.(?:local|localhost|internal|home\.arpa|test)$/

/**
 * Whether a name cannot be the one of a page on the web: an address, a name without a dot, one of a domain for private use, or this
 * machine's own.
 */
function isPrivateName(name: string): boolean {
  if (ipaddr.isValid(name) || !name.includes('.')) return true
  return PRIVATE_DOMAINS.test(name) || name === hostname().toLowerCase()
}

/** In lower case, without a dot at the end; undefined when there is none. */
function hostNameOf(url: string): string | undefined {
  if (!URL.canParse(url)) return undefined
  const name = new URL(url).hostname.replace(/^\[|\]$/g, '').replace(/\.$/, '')
  return name === '' ? undefined : name
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
