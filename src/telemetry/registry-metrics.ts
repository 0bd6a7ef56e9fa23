import { type HrTime, ValueType } from '@opentelemetry/api'
import { emptyResource } from '@opentelemetry/resources'
import {
  AggregationTemporality,
  type CollectionResult,
  type DataPoint,
  DataPointType,
  type Histogram,
  type MetricData,
  type MetricProducer,
} from '@opentelemetry/sdk-metrics'
import type { MetricFamily, MetricLine } from '../observe/metrics.ts'
import { hrTime } from './time.ts'

/**
 * Gives the SDK's reader what /metrics shows: same names, labels, help and buckets, read from the same registry at the moment of
 * sending. A `MetricProducer` is what OpenTelemetry's specification has for metrics that another library keeps.
 */
export class RegistryMetrics implements MetricProducer {
  readonly #families: () => Promise<readonly MetricFamily[]>
  readonly #scope: { readonly name: string; readonly version: string }
  readonly #startTime: HrTime
  readonly #now: () => number

  /**
   * @param options.startedAtMs since when is counted, in milliseconds since the epoch
   * @param options.now milliseconds since the epoch
   */
  constructor(options: {
    readonly families: () => Promise<readonly MetricFamily[]>
    readonly version: string
    readonly startedAtMs: number
    readonly now: () => number
  }) {
    this.#families = options.families
    this.#scope = { name: 'millrace', version: options.version }
    this.#startTime = hrTime(options.startedAtMs)
    this.#now = options.now
  }

  async collect(): Promise<CollectionResult> {
    const families = await this.#families()
    const times = { startTime: this.#startTime, endTime: hrTime(this.#now()) }
    const metrics = families.flatMap((family) => dataOf(family, times) ?? [])
    // The reader puts its own resource around what all producers give.
    return {
      resourceMetrics: { resource: emptyResource(), scopeMetrics: [{ scope: this.#scope, metrics }] },
      errors: [],
    }
  }
}

interface Times {
  readonly startTime: HrTime
  readonly endTime: HrTime
}

function dataOf(family: MetricFamily, times: Times): MetricData | undefined {
  const { name, help, type, values } = family
  if (values.length === 0) return undefined
  const common = {
    descriptor: { name, description: help, unit: unitOf(name), valueType: ValueType.DOUBLE },
    aggregationTemporality: AggregationTemporality.CUMULATIVE,
  }
  if (type === 'histogram') {
    return { ...common, dataPointType: DataPointType.HISTOGRAM, dataPoints: histograms(name, values, times) }
  }
  const dataPoints = values.map(({ labels, value }) => ({ ...times, attributes: labels, value }))
  if (type === 'counter')
    return { ...common, dataPointType: DataPointType.SUM, isMonotonic: true, dataPoints }
  if (type === 'gauge') return { ...common, dataPointType: DataPointType.GAUGE, dataPoints }
  return undefined
}

/** Units are the last word of a name, as /metrics has them; OpenTelemetry writes them as UCUM does. */
function unitOf(name: string): string {
  const words = name.replace(/_total$/, '')
  if (words.endsWith('_seconds')) return 's'
  return words.endsWith('_bytes') ? 'By' : ''
}

/** One point for each set of labels. Prometheus counts what is up to a bound, OpenTelemetry what lies between two of them. */
function histograms(name: string, lines: readonly MetricLine[], times: Times): DataPoint<Histogram>[] {
  const points = Map.groupBy(lines, ({ labels }) => {
    const { le: _, ...others } = labels
    return JSON.stringify(Object.entries(others).sort())
  })
  return [...points.values()].map((of) => {
    const one = (suffix: string): MetricLine | undefined =>
      of.find(({ metricName }) => metricName === `${name}_${suffix}`)
    const { le: _, ...attributes } = of[0]!.labels
    const buckets = of.filter(({ metricName }) => metricName === `${name}_bucket`)
    const finite = buckets.filter(({ labels }) => labels.le !== '+Inf')
    const count = one('count')?.value ?? 0
    const upTo = [...finite.map(({ value }) => value), count]
    return {
      ...times,
      attributes,
      value: {
        buckets: {
          boundaries: finite.map(({ labels }) => Number(labels.le)),
          counts: upTo.map((value, i) => value - (upTo[i - 1] ?? 0)),
        },
        sum: one('sum')?.value ?? 0,
        count,
      },
    }
  })
}
