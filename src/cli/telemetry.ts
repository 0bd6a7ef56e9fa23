import type { Config } from '../config/config.ts'
import type { TelemetrySettings } from '../config/telemetry.ts'
import type { Logger } from '../observe/logger.ts'
import type { Metrics } from '../observe/metrics.ts'
import { VERSION } from '../version.ts'

/** What is left of the ten seconds of a shutdown when everything else has ended, and what telemetry gets of it at most. */
const SHUTDOWN_MS = 9_500
const FLUSH_MS = 2_000

export interface TelemetryOptions {
  readonly service: 'producer' | 'consumer'
  readonly settings: TelemetrySettings
  readonly config: Config
  readonly logger: Logger
  readonly metrics: Metrics
  /** Aborts when the service is asked to end. */
  readonly signal: AbortSignal
}

/**
 * Sends traces and metrics of a service where OpenTelemetry's variables ask for it. Where they don't, nothing of its SDK is loaded.
 *
 * @returns to be disposed of when nothing happens any more: it sends what waits, within what is left of a shutdown
 */
export async function openTelemetry(options: TelemetryOptions): Promise<AsyncDisposable> {
  const { service, settings, config, logger, metrics, signal } = options
  for (const warning of settings.warnings) logger.warn(`Telemetry: ${warning}`)
  if (!settings.traces && !settings.metrics) return { async [Symbol.asyncDispose]() {} }
  const { startTelemetry } = await import('../telemetry/telemetry.ts')
  const telemetry = startTelemetry({
    service,
    version: VERSION,
    settings,
    logger,
    log: { system: config.kafkaBrokers === '' ? 'lmdb' : 'kafka', topic: config.kafkaTopic },
    group: config.kafkaGroup,
    families: () => metrics.families(),
    now: Date.now,
    monotonic: () => performance.now(),
  })
  const what = [settings.traces ? 'traces' : '', settings.metrics ? 'metrics' : ''].filter(
    (word) => word !== '',
  )
  logger.info(`Telemetry: ${what.join(' and ')} are sent over OTLP`)
  let endsAt = Number.POSITIVE_INFINITY
  signal.addEventListener('abort', () => {
    endsAt = performance.now() + SHUTDOWN_MS
  })
  return {
    [Symbol.asyncDispose]: () => telemetry.close(Math.max(0, Math.min(FLUSH_MS, endsAt - performance.now()))),
  }
}
