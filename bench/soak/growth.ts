import { median } from '../lib/statistics.ts'

export type Points = readonly (readonly [x: number, y: number])[]

/** What is allowed to a series that should stay as it is: the larger of the two, in an hour. */
export interface Allowance {
  /** Of its median, from 0 to 1. */
  readonly share: number
  readonly absolute: number
}

export interface Verdict {
  readonly grows: boolean
  /** By how much in an hour, in the series' unit. */
  readonly perHour: number
  readonly allowed: number
  /** In which share of the pairs of pieces the later one is higher, from 0 to 1. */
  readonly rising: number
}

/** More pairs tell nothing new, and there are a million of them after an hour. */
const MOST_POINTS = 400

/** The second half is cut into so many pieces. What grows is higher in nearly all later ones; what goes up and down is not. */
const PIECES = 8
const RISING = 0.75

/**
 * Whether a series grows: the slope of its second half, since the first is a process that warms up, by the median of the slopes between
 * all pairs of points, which single peaks do not move (Theil 1950, Sen 1968). A wave of some minutes has a slope as well, which is large
 * when it is taken for that of an hour; so the pieces' medians must rise too, as in the test of Mann (1945) and Kendall: that three quarters of
 * the pairs do so by chance comes about once in twenty times.
 *
 * @param points x in minutes
 */
export function judge(points: Points, { share, absolute }: Allowance): Verdict {
  const second = points.slice(Math.floor(points.length / 2))
  const allowed = Math.max(absolute, share * median(second.map(([, y]) => y)))
  const perHour = 60 * slope(second)
  const rising = risingShare(second)
  return { grows: perHour > allowed && rising >= RISING, perHour, allowed, rising }
}

function risingShare(points: Points): number {
  const pieces = Array.from({ length: PIECES }, (_, i) =>
    points.slice(Math.floor((i * points.length) / PIECES), Math.floor(((i + 1) * points.length) / PIECES)),
  ).filter((piece) => piece.length > 0)
  const medians = pieces.map((piece) => median(piece.map(([, y]) => y)))
  const pairs = medians.flatMap((before, i) => medians.slice(i + 1).map((after) => after > before))
  return pairs.length === 0 ? 0 : pairs.filter(Boolean).length / pairs.length
}

/** The median slope between pairs of points; 0 for fewer than two. */
export function slope(points: Points): number {
  const every = Math.ceil(points.length / MOST_POINTS)
  const some = points.filter((_, i) => i % every === 0)
  const slopes: number[] = []
  for (let i = 0; i < some.length; i++) {
    for (let j = i + 1; j < some.length; j++) {
      const [x1, y1] = some[i]!
      const [x2, y2] = some[j]!
      if (x2 > x1) slopes.push((y2 - y1) / (x2 - x1))
    }
  }
  return slopes.length === 0 ? 0 : median(slopes)
}
