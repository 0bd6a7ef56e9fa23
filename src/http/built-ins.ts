import { Type } from 'typebox'
import type { App } from './app.ts'

/** Whether the service does its work. All of it is shown by /health, which needs no token. */
export interface Health {
  readonly healthy: boolean
  /** Why it is not, as sentences; empty when it is. */
  readonly reasons: readonly string[]
  readonly [detail: string]: unknown
}

/** What the routes that every service has show. */
export interface BuiltIns {
  health: () => Health
  /** The metrics in a text format of Prometheus. */
  metrics: () => Promise<{ contentType: string; body: string }>
}

const HealthResponse = Type.Object(
  { healthy: Type.Boolean(), reasons: Type.Array(Type.String()) },
  { additionalProperties: true },
)

/**
 * Adds /health and /metrics. Both take any parameters, unlike other routes: what watches a service adds its own at times, and
 * must not take a 400 for an outage.
 */
export function addBuiltIns(app: App, { health, metrics }: BuiltIns): void {
  app.get(
    '/health',
    {
      schema: {
        summary: 'Whether the service does its work: 200 if so, 503 if not',
        security: [],
        response: { 200: HealthResponse, 503: HealthResponse },
      },
    },
    (_request, reply) => {
      const state = health()
      void reply.code(state.healthy ? 200 : 503)
      return { ...state, reasons: [...state.reasons] }
    },
  )
  app.get(
    '/metrics',
    { schema: { summary: 'Metrics in the text format of Prometheus', produces: ['text/plain'] } },
    async (_request, reply) => {
      const { contentType, body } = await metrics()
      return reply.type(contentType).send(body)
    },
  )
}
