import type { Window } from '../store/marks.ts'
import type { Retention } from '../store/retention.ts'
import { LEVELS, type Level, windowStart } from './levels.ts'

/** Where a window is computed from. */
export type Source = 'raw' | 'slice' | 'minute'

/**
 * How much earlier than its rows expire a level stops being computed; and as much earlier again it stops being a source.
 * So whatever is computed from a level finds all of it there, and everything that changed in it was computed into it: also
 * when clocks of machines differ, or a roll-up begins long after the mark. Far less than the shortest TTL.
 */
export const MARGIN_MS = 3_600_000

/** The levels that a level can be computed from, the nearest first. */
const SOURCES: Readonly<Record<Level, readonly Source[]>> = {
  slice: ['raw'],
  minute: ['slice', 'raw'],
  hour: ['minute', 'raw'],
}

/**
 * What to compute a window from: the nearest level below whose rows of that window are certainly all there.
 * Null when there is none: then what has been computed before must stay as it is.
 */
export function sourceOf(level: Level, startMs: number, nowMs: number, retention: Retention): Source | null {
  for (const source of SOURCES[level]) {
    const { keepMs, gaps } = retention[source]
    // Raw holds every event that was accepted, for as long as it is kept; a level only what was computed into it.
    const usableMs = source === 'raw' ? keepMs : keepMs - 2 * MARGIN_MS
    const endMs = startMs + LEVELS[level]
    const complete = !gaps.some(({ fromMs, untilMs }) => startMs < untilMs && endMs > fromMs)
    if (nowMs - startMs < usableMs && complete) return source
  }
  return null
}

/** Whether windows of a level are computed at that age, or left to the level above because they soon expire. */
export function isComputed(level: Level, startMs: number, nowMs: number, retention: Retention): boolean {
  return level === 'hour' || nowMs - startMs < retention[level].keepMs - MARGIN_MS
}

/** The finest window that is computed for a slice that has changed: of the last hours the slice, of history the minute or hour. */
export function windowToMark(sliceStartMs: number, nowMs: number, retention: Retention): Window {
  return firstComputed(['slice', 'minute', 'hour'], sliceStartMs, nowMs, retention)
}

/** The window to compute after this one has changed; null for the top. */
export function windowAbove(window: Window, nowMs: number, retention: Retention): Window | null {
  if (window.level === 'hour') return null
  return firstComputed(
    window.level === 'slice' ? ['minute', 'hour'] : ['hour'],
    window.startMs,
    nowMs,
    retention,
  )
}

function firstComputed(
  levels: readonly Level[],
  timeMs: number,
  nowMs: number,
  retention: Retention,
): Window {
  for (const level of levels) {
    const startMs = windowStart(level, timeMs)
    if (isComputed(level, startMs, nowMs, retention)) return { level, startMs }
  }
  return { level: 'hour', startMs: windowStart('hour', timeMs) }
}
