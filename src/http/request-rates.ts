import rateLimit from '@fastify/rate-limit'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { HttpError } from './http-error.ts'

/** How many requests a minute one client may make; an IPv6 client is its network of 64 bits. */
export interface RateLimits {
  /** Requests that change something. */
  readonly changes: number
  /** Requests with a wrong token, or without one, where one is needed. */
  readonly mistakes: number
}

export const RATE_LIMITS: RateLimits = { changes: 600, mistakes: 100 }

/** Counts what a client asks for, and refuses what is too much with status 429. */
export interface RequestRates {
  change(request: FastifyRequest): Promise<void>
  /** Counts a wrong token. */
  mistake(request: FastifyRequest): Promise<void>
  /** Refuses a client that has guessed too often, whatever token it brings now: otherwise guessing would go on as fast as before. */
  requireFewMistakes(request: FastifyRequest): void
}

const MINUTE_MS = 60_000
/** So many clients are remembered, here and by the plugin. */
const MOST_CLIENTS = 5_000

/** Of each process its own: counts are not shared between services. */
export async function requestRates(app: FastifyInstance, limits: RateLimits): Promise<RequestRates> {
  await app.register(rateLimit, { global: false, timeWindow: MINUTE_MS, cache: MOST_CLIENTS })
  const changes = app.createRateLimit({ max: limits.changes, timeWindow: MINUTE_MS })
  const mistakes = app.createRateLimit({ max: limits.mistakes, timeWindow: MINUTE_MS })
  const refusedUntil = new Map<string, number>()
  return {
    async change(request) {
      const state = await changes(request)
      if (!state.isAllowed && state.isExceeded) throw tooMany('changes', state.ttlInSeconds)
    },
    async mistake(request) {
      const state = await mistakes(request)
      if (state.isAllowed || !state.isExceeded) return
      if (refusedUntil.size >= MOST_CLIENTS) refusedUntil.clear()
      refusedUntil.set(request.ip, performance.now() + state.ttl)
      throw tooMany('requests without the token', state.ttlInSeconds)
    },
    requireFewMistakes({ ip }) {
      const until = refusedUntil.get(ip)
      if (until === undefined) return
      const remainingMs = until - performance.now()
      if (remainingMs > 0) throw tooMany('requests without the token', Math.ceil(remainingMs / 1_000))
      refusedUntil.delete(ip)
    },
  }
}

function tooMany(what: string, seconds: number): HttpError {
  return new HttpError(429, 'too_many_requests', `Too many ${what}: try again in ${seconds} s.`, {
    headers: { 'retry-after': String(seconds) },
  })
}
