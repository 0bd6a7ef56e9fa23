// @ts-check
import { byId, setText } from './dom.js'
import { compact, count, duration, percent } from './format.js'

/**
 * @typedef {import('./types.d.ts').Recent} Recent
 * @typedef {import('./types.d.ts').Totals} Totals
 * @typedef {import('./types.d.ts').RangeName} RangeName
 */

/** @type {Record<RangeName, string>} */
const SPANS = { '15m': 'in the last 15 minutes', '24h': 'in the last 24 hours', '30d': 'in the last 30 days' }

const figures = byId('figures')

/** @param {RangeName} range */
export function nameSpan(range) {
  for (const note of figures.querySelectorAll('[data-span]')) setText(note, SPANS[range])
}

/** Views of this moment. @param {Recent | null} recent */
export function showPace(recent) {
  show('perSecond', compact(recent?.views_per_second))
  show('perMinute', compact(recent?.views_per_minute))
}

/** What the span amounts to. @param {Totals | undefined} totals undefined when not known */
export function showTotals(totals) {
  const known = totals && totals.views > 0 ? totals : undefined
  show('users', totals === undefined ? count(undefined) : compact(totals.users))
  show('bounceRate', percent(known?.bounce_rate))
  show('average', duration(known?.avg_ms))
  show('p95', duration(known?.p95_ms))
}

/** @param {string} name @param {string} text */
function show(name, text) {
  const where = figures.querySelector(`[data-figure="${name}"]`)
  if (where) setText(where, text)
}
