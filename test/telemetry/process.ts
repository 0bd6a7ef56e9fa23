import type { TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { silentLogger } from '../../src/observe/logger.ts'
import { startTelemetry, type Telemetry, type TelemetryOptions } from '../../src/telemetry/telemetry.ts'
import { OtlpReceiver } from '../helpers/otlp.ts'

/** A clock that stands still until it is moved. */
export class StoppedClock {
  #ms = 5_000
  readonly epochMs: number

  constructor(epochMs = Date.UTC(2026, 10, 23, 5, 0, 0)) {
    this.epochMs = epochMs - this.#ms
  }

  readonly monotonic = (): number => this.#ms
  readonly now = (): number => this.epochMs + this.#ms

  pass(ms: number): void {
    this.#ms += ms
  }
}

/** Sets variables of OpenTelemetry for a test: its SDK reads them from this process. */
export function setVariables(t: TestContext, variables: Readonly<Record<string, string>>): void {
  for (const [name, value] of Object.entries(variables)) {
    process.env[name] = value
    t.after(() => {
      delete process.env[name]
    })
  }
}

/** Telemetry of this process, sent to a receiver. */
export async function telemetryOf(
  t: TestContext,
  options: Partial<TelemetryOptions> = {},
  variables: Readonly<Record<string, string>> = {},
): Promise<{ receiver: OtlpReceiver; telemetry: Telemetry }> {
  const receiver = await OtlpReceiver.start(t)
  setVariables(t, { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url, ...variables })
  const telemetry = startTelemetry({
    service: 'consumer',
    version: '1.2.3',
    settings: { traces: true, metrics: false, metricIntervalMs: 60_000, metricTimeoutMs: 30_000 },
    logger: silentLogger(),
    log: { system: 'lmdb', topic: 'page-views' },
    group: 'millrace',
    families: async () => [],
    now: Date.now,
    monotonic: () => performance.now(),
    ...options,
  })
  return { receiver, telemetry }
}

/** Long enough for what does not happen to have happened; nothing is measured with it. */
export const aWhile = (): Promise<void> => sleep(300)
