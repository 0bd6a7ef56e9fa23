import { type BarChart, drawBars } from './bars.ts'
import type { Measured } from './measured.ts'

/** The usual picture of contenders: how fast each was, and what it cost. */
export function drawContenders(measured: ReadonlyMap<string, readonly Measured[]>, caption: string): string {
  const bars = (title: string, value: (one: Measured) => number): BarChart => ({
    title,
    bars: [...measured].map(([name, runs]) => ({ name, values: runs.map(value) })),
  })
  return drawBars(
    [
      bars('Events a second', ({ perSecond }) => perSecond),
      bars('µs of a processor an event, without the broker', ({ cpuMicroseconds }) => cpuMicroseconds),
    ],
    caption,
  )
}
