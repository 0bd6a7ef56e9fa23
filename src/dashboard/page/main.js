// @ts-check
import { get } from './api.js'
import { showNoSeries, showSeries, startChart } from './chart.js'
import { showControls, startControls } from './controls.js'
import { byId, setText } from './dom.js'
import { follow } from './feed.js'
import { nameSpan, showPace, showTotals } from './figures.js'
import { showPipeline, showPipelineAway } from './pipeline.js'
import { Refresher } from './refresher.js'
import { refreshRejected, showNoRejected, startRejected } from './rejected.js'
import { pagesWanted, showNoTop, showTop, startTop } from './top.js'
import { showAway, showTroubles } from './troubles.js'
import { refreshVerdict, showNoVerdict, startVerdict } from './verdict.js'

/**
 * @typedef {import('./types.d.ts').LiveUpdate} LiveUpdate
 * @typedef {import('./types.d.ts').RangeName} RangeName
 * @typedef {import('./types.d.ts').Series} Series
 * @typedef {import('./types.d.ts').Top} Top
 */

const ranges = byId('ranges')
const search = byId('search', HTMLInputElement)

/** How often what is not in the updates is asked for, in milliseconds. */
const REFRESH_MS = { '15m': 5_000, '24h': 15_000, '30d': 60_000 }
const REJECTED_MS = 10_000
const VERDICT_MS = { resting: 15_000, running: 1_000 }

/** A name is typed faster than it is looked for. */
const TYPING_MS = 250

/** @type {RangeName} */
let range = '15m'
/** @type {LiveUpdate | undefined} */
let last

const top = new Refresher(
  REFRESH_MS[range],
  async () => {
    const asked = { range, search: search.value.trim(), limit: pagesWanted() }
    /** @type {Top} */
    const found = await get('/live/top', asked)
    if (asked.range !== range || asked.search !== search.value.trim()) return
    showTop(found, asked.search)
    if (range !== '15m') showTotals(found.totals)
  },
  showNoTop,
)

const series = new Refresher(
  REFRESH_MS['24h'],
  async () => {
    const asked = range
    if (asked === '15m') return
    /** @type {Series} */
    const found = await get('/live/series', { range: asked })
    if (asked === range) showSeries(found)
  },
  showNoSeries,
)

const rejected = new Refresher(REJECTED_MS, refreshRejected, showNoRejected)

const verdict = new Refresher(
  VERDICT_MS.resting,
  async () => {
    const { running } = await refreshVerdict()
    verdict.pace(running ? VERDICT_MS.running : VERDICT_MS.resting)
  },
  showNoVerdict,
)

/** @param {LiveUpdate} update */
function show(update) {
  const first = last === undefined
  last = update
  showTroubles(update)
  showPace(update.recent)
  showPipeline(update)
  showControls(update.producer)
  if (range === '15m') showRecent(update)
  setText(byId('version'), `Millrace ${update.consumer.version}`)
  if (first) for (const each of [top, series, rejected, verdict]) each.now()
}

/** The last 15 minutes come with the updates. @param {LiveUpdate} update */
function showRecent({ recent, store_problem }) {
  showTotals(recent?.totals)
  if (recent) showSeries(recent.series)
  else if (store_problem !== null) showNoSeries('ClickHouse does not answer yet.')
}

/** @param {RangeName} next */
function choose(next) {
  range = next
  nameSpan(range)
  showTotals(undefined)
  top.every(REFRESH_MS[range])
  series.every(REFRESH_MS[range])
  if (range === '15m' && last) showRecent(last)
}

ranges.addEventListener('change', ({ target }) => {
  if (target instanceof HTMLInputElement) choose(/** @type {RangeName} */ (target.value))
})
/** @type {ReturnType<typeof setTimeout> | undefined} */
let typing
search.addEventListener('input', () => {
  clearTimeout(typing)
  typing = setTimeout(() => top.now(), TYPING_MS)
})
startChart()
startControls()
startTop(() => top.now())
startRejected(() => rejected.now())
startVerdict(() => verdict.now())
nameSpan(range)
void follow({
  onUpdate: show,
  onAway: (message) => {
    showAway(message)
    showPipelineAway()
  },
})
