// @ts-check
import { columnsOf, MEASURES, summaryOf, titleOf } from './chart-data.js'
import { byId, element, setText } from './dom.js'
import { moment, time } from './format.js'
import { MOVE, selects, startGestures, ZOOM } from './gestures.js'
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
const shown = byId('chart-shown')
const choice = byId('measure', HTMLSelectElement)
const whole = byId('zoom-all', HTMLButtonElement)
const earlier = byId('earlier', HTMLButtonElement)
const later = byId('later', HTMLButtonElement)
const empty = element('p', { class: 'empty' }, 'Waiting for the first numbers …')

const DAY_S = 86_400
/** Between an axis and its numbers, in pixels. */
const GAP = 8
/** Measures texts, apart from the chart's own canvas, whose state uPlot remembers. */
const ruler = document.createElement('canvas').getContext('2d')

const viewport = new Viewport()
/** @type {uPlot | undefined} */
let plot
/** @type {Series | undefined} */
let series
/** The window under the pointer. @type {number | null} */
let pointed = null

/** Shows the points of a range. @param {Series} next */
export function showSeries(next) {
  const other = series?.range !== next.range
  series = next
  viewport.setRange({ min: next.from_ms / 1_000, max: next.to_ms / 1_000 }, next.step_ms / 1_000)
  if (other || !plot) build()
  else plot.setData(/** @type {uPlot.AlignedData} */ (columnsOf(next, measure())), false)
  setText(empty, next.views.length === 0 ? 'No views in this time yet.' : '')
  setText(summary, summaryOf(next, timeOf))
  showLegend()
  look()
}

/** Its points cannot be read now. What is there stays. @param {string} message */
export function showNoSeries(message) {
  if (!series) setText(empty, message)
}

/** Lets the chart be zoomed, moved and switched over. */
export function startChart() {
  box.append(empty)
  choice.addEventListener('change', build)
  onPress('earlier', () => viewport.move(-MOVE))
  onPress('later', () => viewport.move(MOVE))
  onPress('zoom-in', () => viewport.scale(ZOOM))
  onPress('zoom-out', () => viewport.scale(1 / ZOOM))
  onPress('zoom-all', () => viewport.reset())
  startGestures({
    box,
    viewport,
    plot: () => plot,
    look,
    read: (left) => plot?.setCursor({ left, top: 0 }),
  })
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', build)
  new ResizeObserver(() => plot?.setSize(size())).observe(box)
}

/** @param {string} id @param {() => void} change */
function onPress(id, change) {
  byId(id).addEventListener('click', () => {
    change()
    look()
  })
}

/** Shows the part of the time that is to be seen. */
function look() {
  plot?.setScale('x', viewport.shown)
  for (const button of [whole, earlier, later]) button.disabled = !viewport.zoomed
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
  showLegend()
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
    padding: [8, 12, 0, 0],
    legend: { show: false },
    cursor: {
      drag: { x: true, y: false, setScale: false },
      points: { size: 7 },
      y: false,
      bind: { mousedown: (_plot, _over, handler) => (event) => (selects(event) ? handler(event) : null) },
    },
    scales: { x: { time: true }, y: { range: (_plot, _min, max) => [0, max > 0 ? max * 1.08 : 1] } },
    axes: [
      { ...axes, font, size: 28, grid: { show: false }, values: timesOf },
      { ...axes, font, size: widthIn(font), gap: GAP, values: (_plot, values) => values.map(axis) },
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
      setCursor: [
        ({ cursor }) => {
          pointed = cursor.idx ?? null
          showLegend()
        },
      ],
      setScale: [(made, key) => key === 'x' && tellShown(made)],
      ready: [(made) => made.over.addEventListener('dblclick', onDoubleClick)],
    },
  }
}

/**
 * As wide as its widest number, so that the numbers begin where the card does. Which numbers there are depends on the width again:
 * uPlot asks a few times, and the first answer is kept.
 *
 * @param {string} font
 * @returns {uPlot.Axis.Size}
 */
function widthIn(font) {
  return (plot, values, axis, cycle) => {
    const known = /** @type {{ _size?: number }} */ (plot.axes[axis])._size
    if (cycle > 1 && known !== undefined) return known
    if (!ruler) return 58
    ruler.font = font
    const widths = (values ?? []).map((text) => ruler.measureText(text).width)
    return Math.ceil(Math.max(0, ...widths)) + GAP
  }
}

/** @type {(plot: uPlot, seconds: number[], axis: number, space: number, step: number) => string[]} */
function timesOf(_plot, seconds, _axis, _space, step) {
  const clock = { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' }
  const parts =
    step >= DAY_S ? { day: 'numeric', month: 'short' } : step >= 60 ? clock : { ...clock, second: '2-digit' }
  const format = new Intl.DateTimeFormat('en-GB', /** @type {Intl.DateTimeFormatOptions} */ (parts))
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

/** Says which part of the time is to be seen, for those who do not see it. @param {uPlot} from */
function tellShown({ scales }) {
  const { min, max } = scales.x ?? {}
  if (min == null || max == null) return
  box.dataset.from = String(min)
  box.dataset.to = String(max)
  setText(shown, viewport.zoomed ? `Shown: ${timeOf(min * 1_000)} to ${timeOf(max * 1_000)}` : '')
}

/** What the lines are, with the values under the pointer, or else the last ones. */
function showLegend() {
  if (!series) return
  const last = series.complete > 0 ? series.complete - 1 : null
  const at = pointed !== null && pointed < series.views.length ? pointed : last
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
