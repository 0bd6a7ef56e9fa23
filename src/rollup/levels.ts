/** The levels of aggregation, finest first, with the length of their windows in milliseconds. */
export const LEVELS = Object.freeze({ slice: 5_000, minute: 60_000, hour: 3_600_000 })

export type Level = keyof typeof LEVELS

/** The start of the window of a level that a time lies in; both in milliseconds since the epoch. */
export function windowStart(level: Level, timestampMs: number): number {
  return Math.floor(timestampMs / LEVELS[level]) * LEVELS[level]
}

/** The start of the slice that an event's time lies in. */
export function sliceStart(timestampMs: number): number {
  return windowStart('slice', timestampMs)
}
