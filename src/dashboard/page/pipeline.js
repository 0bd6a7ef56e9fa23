// @ts-check
import { byId, element, fillRows, setText } from './dom.js'
import { compact, count, duration, rate } from './format.js'

/**
 * @typedef {import('./types.d.ts').LiveUpdate} LiveUpdate
 * @typedef {{ kind: 'station', name: string, bad: boolean, health: string, main: string, more: string }} Station
 * @typedef {{ kind: 'pipe', label: string, flows: boolean, meaning: string }} Pipe
 */

const list = byId('pipeline')

/** Aggregates older than this are worth a word. */
const STALE_MS = 30_000
/** So long a wait in the log is more than a hiccup. */
const LAG_SECONDS = 30

/** Shows where messages are on their way. @param {LiveUpdate} update */
export function showPipeline(update) {
  fillRows(list, partsOf(update), () => element('li'), fill)
}

/** @param {LiveUpdate} update @returns {(Station | Pipe)[]} */
function partsOf(update) {
  const { rates } = update
  return [
    producerOf(update),
    { kind: 'pipe', label: rate(rates.sent), flows: (rates.sent ?? 0) > 0, meaning: 'sent to the log' },
    logOf(update),
    {
      kind: 'pipe',
      label: rate(rates.processed),
      flows: (rates.processed ?? 0) > 0,
      meaning: 'read by the consumer',
    },
    consumerOf(update),
    {
      kind: 'pipe',
      label: duration(update.consumer.last_flush?.write_ms),
      flows: (rates.processed ?? 0) > 0 && !isStoreAway(update),
      meaning: 'took the last write',
    },
    storeOf(update),
  ]
}

/** @param {LiveUpdate} update @returns {Station} */
function producerOf({ producer }) {
  const { status } = producer
  if (!status)
    return {
      kind: 'station',
      name: 'Producer',
      bad: true,
      health: 'away',
      main: '–',
      more: 'does not answer',
    }
  const bad = status.troubles.length > 0
  const lost = [
    status.dropped > 0 ? `${compact(status.dropped)} dropped` : '',
    status.failed > 0 ? `${compact(status.failed)} failed` : '',
  ].filter((text) => text !== '')
  const burst = status.burst_left > 0 ? [`${compact(status.burst_left)} of a burst to come`] : []
  const waiting = status.buffer_used > 0 ? [`${compact(status.buffer_used)} wait`] : []
  return {
    kind: 'station',
    name: 'Producer',
    bad,
    health: bad ? 'in trouble' : status.generating ? 'running' : 'paused',
    main: `${compact(status.sent)} sent`,
    more: [status.mode, ...burst, ...waiting, ...lost].join(', '),
  }
}

/** @param {LiveUpdate} update @returns {Station} */
function logOf({ consumer }) {
  const away = consumer.troubles.some((text) => text.startsWith('The log'))
  const behind = consumer.lag_seconds > LAG_SECONDS
  return {
    kind: 'station',
    name: 'Event log',
    bad: away || behind || consumer.lost > 0,
    health: away
      ? 'away'
      : consumer.lost > 0
        ? `${compact(consumer.lost)} lost`
        : behind
          ? 'behind'
          : 'running',
    main: consumer.lag === 0 ? 'no lag' : `lag ${compact(consumer.lag)}`,
    more:
      consumer.lag === 0
        ? `${consumer.partitions.length} partitions`
        : `the oldest waits for ${duration(consumer.lag_seconds * 1_000)}`,
  }
}

/** @param {LiveUpdate} update @returns {Station} */
function consumerOf({ consumer, rates }) {
  const bad = consumer.troubles.length > 0
  return {
    kind: 'station',
    name: 'Consumer',
    bad,
    health: bad ? 'waiting' : 'running',
    main: `${compact(consumer.valid)} valid`,
    more: `${compact(consumer.invalid)} rejected (${rate(rates.invalid)}), ${compact(consumer.repeats)} repeats`,
  }
}

/** @param {LiveUpdate} update @returns {Station} */
function storeOf(update) {
  const { consumer, at } = update
  const age =
    consumer.fresh_as_of === null ? null : Math.max(0, Date.parse(at) - Date.parse(consumer.fresh_as_of))
  const away = isStoreAway(update)
  const stale = age !== null && age > STALE_MS
  const windows = Object.values(consumer.stale_windows).reduce((a, b) => a + b, 0)
  return {
    kind: 'station',
    name: 'ClickHouse',
    bad: away || stale,
    health: away ? 'away' : stale ? 'behind' : 'running',
    main: age === null ? 'not rolled up yet' : age < 2_000 ? 'fresh' : `${duration(age)} old`,
    more: windows === 0 ? 'aggregates up to date' : `${count(windows)} windows to compute`,
  }
}

/** @param {LiveUpdate} update */
export function isStoreAway({ consumer, store_problem }) {
  return store_problem !== null || consumer.troubles.some((text) => text.includes(' store '))
}

/** @param {HTMLElement} row @param {Station | Pipe} part */
function fill(row, part) {
  if (part.kind === 'pipe') {
    row.className = 'pipe'
    row.dataset.flows = String(part.flows)
    row.title = part.meaning
    if (row.children.length === 0) row.append(element('span'), element('span', { class: 'hidden' }))
    setText(/** @type {Element} */ (row.children[0]), part.label)
    setText(/** @type {Element} */ (row.children[1]), part.meaning)
    return
  }
  row.className = 'station'
  row.dataset.bad = String(part.bad)
  if (row.children.length === 0) {
    row.append(
      element('h3', {}, element('span'), element('span', { class: 'health' })),
      element('p', { class: 'main' }),
      element('p', { class: 'more' }),
    )
  }
  const [name, health] = row.querySelectorAll('h3 span')
  const [main, more] = row.querySelectorAll('p')
  for (const [where, text] of /** @type {[Element, string][]} */ ([
    [name, part.name],
    [health, part.health],
    [main, part.main],
    [more, part.more],
  ])) {
    setText(where, text)
  }
}
