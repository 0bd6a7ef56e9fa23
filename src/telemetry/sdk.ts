import { randomUUID } from 'node:crypto'
import { DiagLogLevel, diag } from '@opentelemetry/api'
import { OTLPMetricExporter } from '@opentelemetry/exporter-metrics-otlp-proto'
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto'
import {
  defaultResource,
  detectResources,
  envDetector,
  type Resource,
  resourceFromAttributes,
} from '@opentelemetry/resources'
import { MeterProvider, type MetricProducer, PeriodicExportingMetricReader } from '@opentelemetry/sdk-metrics'
import { BasicTracerProvider, BatchSpanProcessor } from '@opentelemetry/sdk-trace-base'
import type { Logger } from '../observe/logger.ts'
import type { Outage, Signal } from './outage.ts'

/** What the SDK needs that it does not read out of its variables by itself. */
export interface SdkOptions {
  readonly serviceName: string
  readonly serviceVersion: string
  readonly logger: Logger
  readonly outage: Outage
}

export interface MetricTimes {
  readonly metricIntervalMs: number
  readonly metricTimeoutMs: number
}

/** Who sends: the service, its version and this run of it; OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES go before. */
export function resourceOf({ serviceName, serviceVersion }: SdkOptions): Resource {
  const own = resourceFromAttributes({
    'service.name': serviceName,
    'service.version': serviceVersion,
    'service.instance.id': randomUUID(),
  })
  return defaultResource()
    .merge(own)
    .merge(detectResources({ detectors: [envDetector] }))
}

/** Batches spans in a bounded buffer and sends them; what does not fit is dropped. Sampling, limits and sizes are the SDK's variables. */
export function tracerProvider(resource: Resource, { outage, logger }: SdkOptions): BasicTracerProvider {
  return tellingMistakes(logger, () => {
    const exporter = watched(new OTLPTraceExporter(), 'traces', outage)
    return new BasicTracerProvider({ resource, spanProcessors: [new BatchSpanProcessor(exporter)] })
  })
}

/** Sends what the producer has, at every interval. */
export function meterProvider(
  resource: Resource,
  producer: MetricProducer,
  times: MetricTimes,
  { outage, logger }: SdkOptions,
): MeterProvider {
  return tellingMistakes(logger, () => {
    const reader = new PeriodicExportingMetricReader({
      exporter: watched(new OTLPMetricExporter(), 'metrics', outage),
      metricProducers: [producer],
      exportIntervalMillis: times.metricIntervalMs,
      exportTimeoutMillis: times.metricTimeoutMs,
    })
    return new MeterProvider({ resource, readers: [reader] })
  })
}

/** What the SDK says of its variables is worth a line; what it says of each export later is not: Outage does that. */
function tellingMistakes<T>(logger: Logger, build: () => T): T {
  const quiet = (): void => {}
  const warn = (message: string): void => logger.warn(`Telemetry: ${message}`)
  diag.setLogger(
    { error: warn, warn, info: quiet, debug: quiet, verbose: quiet },
    { logLevel: DiagLogLevel.WARN, suppressOverrideMessage: true },
  )
  try {
    return build()
  } finally {
    diag.disable()
  }
}

/** What exporters of both kinds answer; the code is 0 when it was sent. */
interface ExportResult {
  readonly code: number
  readonly error?: Error
}

/** The same exporter, which tells the outage how each export ended. */
function watched<E extends { export(items: never, done: (result: ExportResult) => void): void }>(
  exporter: E,
  signal: Signal,
  outage: Outage,
): E {
  const send = exporter.export.bind(exporter) as (
    items: unknown,
    done: (result: ExportResult) => void,
  ) => void
  exporter.export = (items: unknown, done: (result: ExportResult) => void): void =>
    send(items, (result) => {
      if (result.code === 0) outage.worked(signal)
      else outage.failed(signal, result.error ?? new Error('no reason given'))
      done(result)
    })
  return exporter
}
