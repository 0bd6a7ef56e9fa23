// @ts-check
import { columnsOf, MEASURES, summaryOf, titleOf } from './chart-data.js'
import { byId, element, setText } from './dom.js'
import { moment, time } from './format.js'
import uPlot from './uplot.js'
import { Viewport } from './viewport.js'

/**
 * @typedef {import('./types.d.ts').Series} Series
 * @typedef {import('./chart-data.js').MeasureName} MeasureName
 */

const box = byId('chart')
const title = byId('chart-title')
const legend = byId('legend')
const summary = byId('chart-summary')
const choice = byId('measure', HTMLSelectElement)
const whole = byId('zoom-all', HTMLButtonElement)
const empty = element('p', { class: 'empty' })

/** How far a key or button zooms, and how far a key moves. */
const ZOOM = 0.5
const DAY_S = 86_400
const MOVE = 0.25

const viewport = new Viewport()
/** @type {uPlot | undefined} */
let plot
/** @type {Series | undefined} */
let series

/** Shows the points of a range. @param {Series} next */
export function showSeries(next) {
  const other = series?.range !== next.range
  series = next
  viewport.setRange({ min: next.from_ms / 1_000, max: next.to_ms / 1_000 }, next.step_ms / 1_000)
  if (other || !plot) build()
  else plot.setData(/** @type {uPlot.AlignedData} */ (columnsOf(next, measure())), false)
  setText(empty, next.views.length === 0 ? 'No views in this time yet.' : '')
  setText(summary, summaryOf(next, timeOf))
  look()
}

/** Lets the chart be zoomed, moved and switched over. */
export function startChart() {
  box.append(empty)
  choice.addEventListener('change', build)
  onZoom('zoom-in', () => viewport.scale(ZOOM))
  onZoom('zoom-out', () => viewport.scale(1 / ZOOM))
  onZoom('zoom-all', () => viewport.reset())
  box.addEventListener('keydown', onKey)
  box.addEventListener('wheel', onWheel, { passive: false })
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', build)
  new ResizeObserver(() => plot?.setSize(size())).observe(box)
}

/** @param {string} id @param {() => void} change */
function onZoom(id, change) {
  byId(id).addEventListener('click', () => {
    change()
    look()
  })
}

/** @param {KeyboardEvent} event */
function onKey(event) {
  if (event.ctrlKey || event.metaKey || event.altKey) return
  /** @type {Record<string, () => void>} */
  const keys = {
    ArrowLeft: () => viewport.move(-MOVE),
    ArrowRight: () => viewport.move(MOVE),
    '+': () => viewport.scale(ZOOM),
    '=': () => viewport.scale(ZOOM),
    '-': () => viewport.scale(1 / ZOOM),
    0: () => viewport.reset(),
    Escape: () => viewport.reset(),
  }
  const act = keys[event.key]
  if (!act) return
  event.preventDefault()
  act()
  look()
}

/** A plain wheel scrolls the page: only pinching (which browsers tell as Ctrl and wheel) and sideways movements are ours. @param {WheelEvent} event */
function onWheel(event) {
  const sideways = Math.abs(event.deltaX) > Math.abs(event.deltaY)
  if (!plot || (!event.ctrlKey && !(sideways && viewport.zoomed))) return
  event.preventDefault()
  if (event.ctrlKey) {
    const at = event.clientX - plot.over.getBoundingClientRect().left
    viewport.scale(Math.exp(event.deltaY / 100), plot.posToVal(at, 'x'))
  } else viewport.move(event.deltaX / plot.over.clientWidth)
  look()
}

/** Shows the part of the time that is to be seen. */
function look() {
  plot?.setScale('x', viewport.shown)
  whole.disabled = !viewport.zoomed
}

function measure() {
  return MEASURES[/** @type {MeasureName} */ (choice.value)]
}

function build() {
  plot?.destroy()
  plot = undefined
  if (!series) return
  setText(title, titleOf(series.range, /** @type {MeasureName} */ (choice.value)))
  const data = /** @type {uPlot.AlignedData} */ (columnsOf(series, measure()))
  plot = new uPlot(optionsOf(measure()), data, box)
  look()
  showLegend(null)
}

/** @param {import('./chart-data.js').Measure} measure @returns {uPlot.Options} */
function optionsOf({ lines, axis }) {
  const style = getComputedStyle(document.documentElement)
  const colour = (/** @type {string} */ name) => style.getPropertyValue(name).trim()
  const axes = {
    stroke: colour('--soft'),
    grid: { stroke: colour('--line'), width: 1 },
    ticks: { show: false },
  }
  const font = `12px ${style.fontFamily}`
  return {
    ...size(),
    legend: { show: false },
    cursor: { drag: { x: true, y: false, setScale: false }, points: { size: 7 }, y: false },
    scales: { x: { time: true }, y: { range: (_plot, _min, max) => [0, max > 0 ? max * 1.08 : 1] } },
    axes: [
      { ...axes, font, grid: { show: false }, values: timesOf },
      { ...axes, font, size: 58, values: (_plot, values) => values.map(axis) },
    ],
    series: [
      {},
      ...lines.flatMap(({ second }) => {
        const stroke = colour(second ? '--second' : '--accent')
        const fill = second ? {} : { fill: colour('--accent-fill') }
        const line = { stroke, width: 1.75, points: { show: false } }
        return [
          { ...line, ...fill },
          { ...line, dash: [3, 4] },
        ]
      }),
    ],
    hooks: {
      setSelect: [onSelect],
      setCursor: [({ cursor }) => showLegend(cursor.idx ?? null)],
      ready: [(made) => made.over.addEventListener('dblclick', onDoubleClick)],
    },
  }
}

/** @type {(plot: uPlot, seconds: number[], axis: number, space: number, step: number) => string[]} */
function timesOf(_plot, seconds, _axis, _space, step) {
  const clock = { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' }
  const parts =
    step >= DAY_S ? { day: 'numeric', month: 'short' } : step >= 60 ? clock : { ...clock, second: '2-digit' }
  const format = new Intl.DateTimeFormat(undefined, /** @type {Intl.DateTimeFormatOptions} */ (parts))
  return seconds.map((each) => format.format(each * 1_000))
}

/** @param {uPlot} from */
function onSelect(from) {
  const { left, width } = from.select
  if (width > 0) viewport.show({ min: from.posToVal(left, 'x'), max: from.posToVal(left + width, 'x') })
  from.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false)
  look()
}

function onDoubleClick() {
  viewport.reset()
  look()
}

/** What the lines are, with the values under the pointer. @param {number | null} at */
function showLegend(at) {
  if (!series) return
  const now = series
  const { lines, exact } = measure()
  const keys = lines.map(({ label, second, values }) => {
    const value = at === null ? [] : [' ', element('strong', {}, exact(values(now)[at] ?? null))]
    return element('span', {}, element('span', { class: second ? 'key second' : 'key' }), label, ...value)
  })
  const when = at === null ? [] : [element('span', {}, timeOf(now.start_ms + at * now.step_ms))]
  const open = at !== null && at >= now.complete ? [element('span', {}, 'not over yet')] : []
  legend.replaceChildren(...keys, ...when, ...open)
}

/** @param {number} ms */
function timeOf(ms) {
  return series?.range === '15m' ? time(ms) : moment(ms)
}

function size() {
  return { width: Math.max(200, box.clientWidth), height: box.clientHeight }
}
