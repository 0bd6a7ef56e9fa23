import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { test } from 'node:test'

const ROOT = resolve(import.meta.dirname, '../..')
const PAGE = readFileSync(resolve(ROOT, 'docs/scaling.md'), 'utf8')
const RESULTS = readFileSync(resolve(ROOT, 'bench/RESULTS.md'), 'utf8')

/** What an event costs, as the page says that it was measured. */
const MICROSECONDS = 17
const CONSUMER = 109_000
const PRODUCER = 159_000
const MESSAGE_BYTES = 341
const ROW_BYTES = 50
const DAY = 86_400

const consumers = (rate: number): number => Math.ceil((rate / CONSUMER) * 1.5)
const ARITHMETIC: Readonly<Record<string, (rate: number) => number>> = {
  'cores for consumers and ClickHouse, fully used': (rate) => Math.ceil((rate * MICROSECONDS) / 1e6),
  'the same at 60 % use': (rate) => Math.ceil((rate * MICROSECONDS) / 1e6 / 0.6),
  'consumers, 109,000 a second each': consumers,
  'partitions, two for each consumer': (rate) => 2 * consumers(rate),
  'producers, 159,000 a second each': (rate) => Math.ceil((rate / PRODUCER) * 1.5),
  'into Kafka, MB a second': (rate) => (rate * MESSAGE_BYTES) / 1e6,
  "Kafka's disks for a day, 3 replicas, TB": (rate) => (rate * MESSAGE_BYTES * DAY * 3) / 1e12,
  'raw rows, TB a day': (rate) => (rate * ROW_BYTES * DAY) / 1e12,
  'raw rows for 30 days, 2 replicas, TB': (rate) => (rate * ROW_BYTES * DAY * 30 * 2) / 1e12,
  'shards of 10 TB for 30 days': (rate) => Math.ceil((rate * ROW_BYTES * DAY * 30) / 1e13),
}
const RATES = [100_000, 1_000_000, 10_000_000]

test('the table of docs/scaling.md is what its figures come to', () => {
  for (const [label, compute] of Object.entries(ARITHMETIC)) {
    const line = PAGE.split('\n').find((each) => each.startsWith(`| ${label}`))
    assert.ok(line, `${label}: no such line`)
    const shown = line.split('|').slice(2, -1)
    for (const [i, rate] of RATES.entries()) {
      const value = Number(shown[i]!.trim().replaceAll(',', ''))
      const rounding = shown[i]!.includes('.') ? 0.06 : 0.6
      assert.ok(Math.abs(value - compute(rate)) < rounding, `${label}, ${rate}: ${value}, ${compute(rate)}`)
    }
  }
})

test('the figures of docs/scaling.md are in the results', () => {
  const figures = [
    ['16.3 µs', '16.3 µs of a processor an event'],
    ['109161 events/s', 'Sustained: 109161 events/s'],
    ['159.7k/s', '159.7k to'],
    ['341 bytes', '| 341 '],
    ['50 bytes', '| 50 '],
    ['3,300 bytes', '| 3,300 '],
    ['4.4 µs an event', '| 4.4 (4.3 to 4.5) |'],
    ['337.2k/s', '| 337.2k (330.3k to 352.2k) |'],
    ['4.4 µs by itself', '| 4.4 (4.4 to 4.7) |'],
    ['163742 events/s at 10.1 µs', 'fresh 0.6 s ago, 10.1 µs of a processor an event'],
    ['163742 events/s', 'Sustained: 163742 events/s'],
  ] as const
  for (const [here, there] of figures) {
    assert.ok(PAGE.includes(here), here)
    assert.ok(RESULTS.includes(there), there)
  }
})
