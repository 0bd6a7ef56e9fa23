/**
 * Whether telemetry is sent, and what of it. OpenTelemetry's variables are read by its SDK, under its names and rules
 * (docs/telemetry.md); this looks only at those that decide whether the SDK is loaded at all, and at those that the SDK leaves to
 * its caller.
 */
export interface TelemetrySettings {
  readonly traces: boolean
  readonly metrics: boolean
  /** How often metrics are sent, and how long that may take, in milliseconds. */
  readonly metricIntervalMs: number
  readonly metricTimeoutMs: number
  /** What was asked for and is not done, as sentences. */
  readonly warnings: readonly string[]
}

type Environment = Readonly<Record<string, string | undefined>>

const SIGNALS = ['TRACES', 'METRICS'] as const
type Signal = (typeof SIGNALS)[number]

const PROTOCOL = 'http/protobuf'

/** @param environment `process.env`; variables that do not begin with OTEL_ are ignored */
export function telemetrySettings(environment: Environment): TelemetrySettings {
  const warnings: string[] = []
  const wanted = SIGNALS.filter((signal) => isWanted(environment, signal))
  const sent = wanted.filter((signal) => {
    const [protocol, name] = protocolOf(environment, signal)
    if (protocol === PROTOCOL) return true
    warnings.push(
      `${name}: "${protocol}" is not allowed: give ${PROTOCOL}; no ${signal.toLowerCase()} are sent`,
    )
    return false
  })
  const intervalMs = milliseconds(environment, 'OTEL_METRIC_EXPORT_INTERVAL', 60_000, warnings)
  return {
    traces: sent.includes('TRACES'),
    metrics: sent.includes('METRICS'),
    metricIntervalMs: intervalMs,
    // The SDK refuses a timeout that is longer than the interval.
    metricTimeoutMs: Math.min(
      intervalMs,
      milliseconds(environment, 'OTEL_METRIC_EXPORT_TIMEOUT', 30_000, warnings),
    ),
    // Of variables that nobody uses nothing needs to be said.
    warnings: wanted.length > 0 ? warnings : [],
  }
}

function isWanted(environment: Environment, signal: Signal): boolean {
  if (text(environment, 'OTEL_SDK_DISABLED')?.toLowerCase() === 'true') return false
  const hasEndpoint =
    text(environment, 'OTEL_EXPORTER_OTLP_ENDPOINT') ??
    text(environment, `OTEL_EXPORTER_OTLP_${signal}_ENDPOINT`)
  const exporters = text(environment, `OTEL_${signal}_EXPORTER`) ?? 'otlp'
  return hasEndpoint !== undefined && exporters.split(',').some((name) => name.trim() === 'otlp')
}

function protocolOf(environment: Environment, signal: Signal): [protocol: string, variable: string] {
  for (const name of [`OTEL_EXPORTER_OTLP_${signal}_PROTOCOL`, 'OTEL_EXPORTER_OTLP_PROTOCOL']) {
    const protocol = text(environment, name)
    if (protocol !== undefined) return [protocol, name]
  }
  return [PROTOCOL, '']
}

function milliseconds(environment: Environment, name: string, otherwise: number, warnings: string[]): number {
  const given = text(environment, name)
  if (given === undefined) return otherwise
  const value = /^\d{1,9}$/.test(given) ? Number(given) : 0
  if (value > 0) return value
  warnings.push(`${name}: "${given}" is not allowed: give milliseconds from 1; it is ${otherwise}`)
  return otherwise
}

/** A variable that is set to nothing counts as not set, as the specification has it. */
function text(environment: Environment, name: string): string | undefined {
  return environment[name]?.trim() || undefined
}
