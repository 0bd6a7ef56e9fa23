import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { parseTimestamp } from '../../src/event/timestamp.ts'
import { seeded } from '../helpers/seed.ts'

const TEXTS: [text: string, expected: string | undefined][] = [
  ['2026-11-23T05:12:44.120Z', '2026-11-23T05:12:44.120Z'],
  ['2026-11-23T05:12:44Z', '2026-11-23T05:12:44.000Z'],
  ['2026-11-23T05:12Z', '2026-11-23T05:12:00.000Z'],
  ['2026-11-23T05:12:44.1Z', '2026-11-23T05:12:44.100Z'],
  ['2026-11-23T05:12:44.123999999Z', '2026-11-23T05:12:44.123Z'],
  ['2026-11-23T05:12:44+05:30', '2026-11-22T23:42:44.000Z'],
  ['2026-11-23T05:12:44-0800', '2026-11-23T13:12:44.000Z'],
  ['2024-02-29T23:59:59Z', '2024-02-29T23:59:59.000Z'],
  ['2000-02-29T00:00:00Z', '2000-02-29T00:00:00.000Z'],
  ['2023-02-29T00:00:00Z', undefined],
  ['1900-02-29T00:00:00Z', undefined],
  ['2026-04-31T00:00:00Z', undefined],
  ['2026-13-01T00:00:00Z', undefined],
  ['2026-00-01T00:00:00Z', undefined],
  ['2026-01-00T00:00:00Z', undefined],
  ['2026-01-01T24:00:00Z', undefined],
  ['2026-01-01T00:60:00Z', undefined],
  ['2026-01-01T00:00:60Z', undefined],
  ['2026-01-01T00:00:00+15:00', undefined],
  ['2026-01-01T00:00:00+01:60', undefined],
  ['2026-01-01T00:00:00', undefined],
  ['2026-01-01 00:00:00Z', undefined],
  ['2026-01-01T00:00:00.Z', undefined],
  ['2026-01-01', undefined],
  [' 2026-01-01T00:00:00Z', undefined],
  ['2026-01-01T00:00:00Z\n', undefined],
  ['+002026-01-01T00:00:00Z', undefined],
  ['yesterday', undefined],
  ['', undefined],
]

for (const [text, expected] of TEXTS) {
  test(`${JSON.stringify(text)} is ${expected ?? 'no time'}`, () => {
    const ms = parseTimestamp(text)
    assert.equal(ms === undefined ? undefined : new Date(ms).toISOString(), expected)
  })
}

test('what Date writes is read as it was', (t) => {
  const lastMs = Date.parse('9999-12-31T23:59:59.999Z')
  fc.assert(
    fc.property(fc.integer({ min: 0, max: lastMs }), (ms) => {
      assert.equal(parseTimestamp(new Date(ms).toISOString()), ms)
    }),
    seeded(t, 1_000),
  )
})
