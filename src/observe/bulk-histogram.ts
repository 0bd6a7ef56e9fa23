/** The value of one line of a histogram, as prom-client's registry writes it. */
interface Line {
  readonly metricName: string
  readonly labels: Readonly<Record<string, string | number>>
  readonly value: number
}

/**
 * A histogram for values that come by the thousand, registered like those of prom-client, whose own takes one value at a time, which costs
 * as much as a third of reading a message, and (15.1) puts what is above all bounds into the bucket -1 where there is one.
 */
export class BulkHistogram {
  readonly name: string
  readonly help: string
  readonly type = 'histogram'
  readonly aggregator = 'sum'
  readonly #bounds: Float64Array
  /** How many values were above each bound and not above the next, the last ones above all. */
  readonly #counts: Float64Array
  #sum = 0

  /** @param bounds upper ends of the buckets, ascending */
  constructor(name: string, help: string, bounds: readonly number[]) {
    this.name = name
    this.help = help
    this.#bounds = Float64Array.from(bounds)
    this.#counts = new Float64Array(bounds.length + 1)
  }

  /** @param scale what each value is multiplied with */
  observeAll(values: Float64Array, scale = 1): void {
    const bounds = this.#bounds
    let bucket = 0
    for (let i = 0; i < values.length; i++) {
      const value = values[i]! * scale
      // Neighbours are alike.
      while (bucket < bounds.length && value > bounds[bucket]!) bucket += 1
      while (bucket > 0 && value <= bounds[bucket - 1]!) bucket -= 1
      this.#counts[bucket]! += 1
      this.#sum += value
    }
  }

  /** What prom-client's registry asks for. */
  async get(): Promise<{ name: string; help: string; type: string; aggregator: string; values: Line[] }> {
    const { name, help, type, aggregator } = this
    const values: Line[] = []
    let count = 0
    this.#counts.forEach((n, i) => {
      count += n
      values.push({
        metricName: `${name}_bucket`,
        labels: { le: this.#bounds[i] ?? '+Inf' },
        value: count,
      })
    })
    values.push({ metricName: `${name}_sum`, labels: {}, value: this.#sum })
    values.push({ metricName: `${name}_count`, labels: {}, value: count })
    return { name, help, type, aggregator, values }
  }

  reset(): void {
    this.#counts.fill(0)
    this.#sum = 0
  }
}
