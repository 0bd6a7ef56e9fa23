// @ts-check
import { compact, count, duration, percent, roundPercent } from './format.js'

/**
 * @typedef {import('./types.d.ts').Series} Series
 * @typedef {{ label: string, values: (series: Series) => (number | null)[], second: boolean }} Line
 * @typedef {{ lines: Line[], axis: (value: number) => string, exact: (value: number | null) => string }} Measure
 * @typedef {'views' | 'durations' | 'bounces'} MeasureName
 */

/** What the chart can show. @type {Record<MeasureName, Measure>} */
export const MEASURES = {
  views: {
    lines: [
      { label: 'Views', values: (series) => series.views, second: false },
      { label: 'Unique users', values: (series) => series.users, second: true },
    ],
    axis: compact,
    exact: count,
  },
  durations: {
    lines: [
      { label: 'Average', values: (series) => series.avg_ms, second: false },
      { label: '95th percentile', values: (series) => series.p95_ms, second: true },
    ],
    axis: duration,
    exact: duration,
  },
  bounces: {
    lines: [{ label: 'Bounce rate', values: bounceRates, second: false }],
    axis: roundPercent,
    exact: percent,
  },
}

/** @type {Record<Series['range'], string>} */
const WINDOWS = { '15m': '5 seconds', '24h': 'minute', '30d': 'hour' }

/** @param {Series} series */
function bounceRates({ views, bounces }) {
  return views.map((all, i) => (all === 0 ? null : (bounces[i] ?? 0) / all))
}

/**
 * Columns for the chart: times in seconds, then for each line its complete windows, and the way to the window that is still open.
 *
 * @param {Series} series
 * @param {Measure} measure
 * @returns {[number[], ...(number | null)[][]]}
 */
export function columnsOf(series, measure) {
  const { complete, start_ms, step_ms } = series
  const times = series.views.map((_, i) => (start_ms + i * step_ms) / 1_000)
  const columns = measure.lines.flatMap(({ values }) => {
    const all = values(series)
    return [
      all.map((value, i) => (i < complete ? value : null)),
      all.map((value, i) => (i >= complete - 1 && complete < all.length ? value : null)),
    ]
  })
  return [times, ...columns]
}

/** The title of the chart. @param {Series['range']} range @param {MeasureName} name */
export function titleOf(range, name) {
  const what = { views: 'Views', durations: 'View durations', bounces: 'Bounce rate' }[name]
  return `${what} by ${WINDOWS[range] === '5 seconds' ? 'five seconds' : WINDOWS[range]}`
}

/** The chart in words, for those who don't see it. @param {Series} series @param {(ms: number) => string} time */
export function summaryOf(series, time) {
  const views = series.views.slice(0, series.complete)
  if (views.length === 0) return 'No views in this time.'
  const most = views.reduce((best, n, i) => (n > (views[best] ?? 0) ? i : best), 0)
  const all = views.reduce((a, b) => a + b, 0)
  const at = time(series.start_ms + most * series.step_ms)
  return `${count(all)} views, by ${WINDOWS[series.range]}; most were ${count(views[most])} at ${at}, last ${count(views.at(-1))}.`
}
