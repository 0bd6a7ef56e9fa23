import type { ConsumerStatus } from '../consumer/status.ts'
import type { App } from '../http/server.ts'
import type { Logger } from '../observe/logger.ts'
import type { Database } from '../store/database.ts'
import { controlRoutes } from './control-routes.ts'
import { liveRoutes } from './live-routes.ts'
import { pageRoutes } from './page-routes.ts'
import { ProducerClient } from './producer-client.ts'

export interface DashboardDependencies {
  readonly db: Database
  /** What the consumer says of itself. */
  readonly status: () => Promise<ConsumerStatus>
  /** Where the producer answers, of producerUrlOf(); undefined when nobody knows. */
  readonly producerUrl: string | undefined
  /** The token of both services; empty: none. */
  readonly token: string
  /** Milliseconds since the epoch. */
  readonly now: () => number
  readonly logger: Logger
  /** From one update of the page to the next, in milliseconds. A second by default. */
  readonly intervalMs?: number
}

/** Adds the dashboard: the page at `/`, what it shows under `/live`, and its controls under `/control`. */
export function dashboardRoutes(app: App, dependencies: DashboardDependencies): void {
  const { db, status, producerUrl, token, now, logger, intervalMs = 1_000 } = dependencies
  const producer = new ProducerClient({ url: producerUrl, token })
  pageRoutes(app)
  liveRoutes(app, { db, status, producer: () => producer.view(), now, logger, intervalMs })
  controlRoutes(app, producer)
}
