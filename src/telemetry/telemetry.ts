import { setTimeout as sleep } from 'node:timers/promises'
import type { Logger } from '../observe/logger.ts'
import type { MetricFamily } from '../observe/metrics.ts'
import { BatchSpans } from './batch-spans.ts'
import type { LogName } from './log-attributes.ts'
import { Outage } from './outage.ts'
import { type Clocks, Recorder } from './recorder.ts'
import { RegistryMetrics } from './registry-metrics.ts'
import { RollUpSpans } from './roll-up-spans.ts'
import { type MetricTimes, meterProvider, resourceOf, type SdkOptions, tracerProvider } from './sdk.ts'
import { sendSpans } from './send-spans.ts'

export interface TelemetryOptions extends Clocks {
  readonly service: 'producer' | 'consumer'
  readonly version: string
  readonly settings: MetricTimes & { readonly traces: boolean; readonly metrics: boolean }
  readonly logger: Logger
  readonly log: LogName
  /** The consumer's. */
  readonly group: string
  /** What is sent as metrics. */
  readonly families: () => Promise<readonly MetricFamily[]>
}

export interface Telemetry {
  /**
   * Ends it and sends what waits. Called once, when nothing happens any more.
   *
   * @param withinMs how long that may take; what has not been sent then is lost. Nothing is waited for while the endpoint is away.
   */
  close(withinMs: number): Promise<void>
}

interface Provider {
  shutdown(): Promise<void>
}

/** Sends traces, metrics or both by OpenTelemetry's SDK, from here on. */
export function startTelemetry(options: TelemetryOptions): Telemetry {
  const { service, version, settings, logger, now, monotonic } = options
  const outage = new Outage(logger, monotonic)
  const sdk: SdkOptions = { serviceName: `millrace-${service}`, serviceVersion: version, logger, outage }
  const resource = resourceOf(sdk)
  const providers = new Map<'traces' | 'metrics', Provider>()
  let stop = (): void => {}
  if (settings.traces) {
    const provider = tracerProvider(resource, sdk)
    const recorder = new Recorder(provider.getTracer('millrace', version), options)
    stop = service === 'producer' ? sendSpans(recorder, options.log) : consumerSpans(recorder, options)
    providers.set('traces', provider)
  }
  if (settings.metrics) {
    const producer = new RegistryMetrics({
      families: options.families,
      version,
      startedAtMs: performance.timeOrigin,
      now,
    })
    providers.set('metrics', meterProvider(resource, producer, settings, sdk))
  }
  return {
    async close(withinMs) {
      stop()
      const sending = [...providers]
        .filter(([signal]) => !outage.has(signal))
        // What goes wrong with it the outage has said.
        .map(([, provider]) => provider.shutdown().catch(() => {}))
      const sent = new AbortController()
      const timeIsUp = sleep(withinMs, undefined, { signal: sent.signal }).catch(() => {})
      await Promise.race([Promise.all(sending), timeIsUp])
      sent.abort()
    },
  }
}

function consumerSpans(recorder: Recorder, { log, group }: TelemetryOptions): () => void {
  const rollUps = new RollUpSpans(recorder)
  const batches = new BatchSpans(recorder, {
    log,
    group,
    onRecorded: (context, markedAt) => rollUps.marked(context, markedAt),
  })
  const stops = [rollUps.start(), batches.start()]
  return () => {
    for (const stop of stops) stop()
  }
}
