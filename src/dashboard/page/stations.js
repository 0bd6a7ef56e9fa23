// @ts-check
import { compact, duration, many, rate } from './format.js'

/**
 * @typedef {import('./types.d.ts').LiveUpdate} LiveUpdate
 * @typedef {'good' | 'bad' | 'idle'} Health
 * @typedef {{ kind: 'station', name: string, state: Health, health: string, main: string, more: string }} Station
 * @typedef {{ kind: 'pipe', label: string, flows: boolean, meaning: string }} Pipe
 */

/** Aggregates older than this are worth a word. */
const STALE_MS = 30_000
/** So long a wait in the log is more than a hiccup. */
const LAG_SECONDS = 30

/** The way of the messages, each station with its state in words. @param {LiveUpdate} update @returns {(Station | Pipe)[]} */
export function stationsOf(update) {
  const { sent, processed, written } = update.rates
  return [
    producerOf(update),
    pipe(sent, true, 'sent to the log'),
    logOf(update),
    pipe(processed, true, 'read by the consumer'),
    consumerOf(update),
    pipe(written, !isStoreAway(update), 'page views written to ClickHouse'),
    storeOf(update),
  ]
}

/** The same when no updates come: numbers are the last ones, and nothing else is known. @param {(Station | Pipe)[]} parts @returns {(Station | Pipe)[]} */
export function withoutUpdates(parts) {
  return parts.map((part) => {
    if (part.kind === 'pipe') return { ...part, label: rate(null), flows: false }
    if (part.name !== 'Consumer') return { ...part, state: 'idle', health: 'not known' }
    return { ...part, state: 'bad', health: 'away', more: 'does not answer this page' }
  })
}

/** @param {number | null} perSecond @param {boolean} open @param {string} meaning @returns {Pipe} */
function pipe(perSecond, open, meaning) {
  return { kind: 'pipe', label: rate(perSecond), flows: open && (perSecond ?? 0) > 0, meaning }
}

/** @param {LiveUpdate} update @returns {Station} */
function producerOf({ producer: { status } }) {
  const name = 'Producer'
  if (!status)
    return { kind: 'station', name, state: 'bad', health: 'away', main: '–', more: 'does not answer' }
  const main = `${compact(status.sent)} sent`
  const waiting = [
    status.burst_left > 0 ? `${compact(status.burst_left)} of a burst to come` : '',
    status.buffer_used > 0 ? `${compact(status.buffer_used)} wait` : '',
    status.dropped > 0 ? `${compact(status.dropped)} dropped` : '',
    status.failed > 0 ? `${compact(status.failed)} failed` : '',
  ].filter((text) => text !== '')
  if (status.troubles.length > 0) {
    const more = ['the log does not take what is sent', ...waiting].join(', ')
    return { kind: 'station', name, state: 'bad', health: 'in trouble', main, more }
  }
  const asked = status.speed_override === null ? `mode ${status.mode}` : `asked for ${rate(status.speed_eps)}`
  return {
    kind: 'station',
    name,
    state: status.generating ? 'good' : 'idle',
    health: status.generating ? 'running' : 'paused',
    main,
    more: [status.generating ? asked : 'the generator rests', ...waiting].join(', '),
  }
}

/** @param {LiveUpdate} update @returns {Station} */
function logOf({ consumer }) {
  const { lag, lag_seconds: seconds, lost, partitions, troubles } = consumer
  const waits = `the oldest waits for ${duration(seconds * 1_000)}`
  const base = {
    kind: /** @type {const} */ ('station'),
    name: 'Event log',
    main: lag === 0 ? 'no lag' : `lag ${compact(lag)}`,
  }
  if (troubles.some((text) => text.startsWith('The log')))
    return { ...base, state: 'bad', health: 'away', more: 'does not answer the consumer' }
  if (lost > 0)
    return {
      ...base,
      state: 'bad',
      health: 'lost some',
      more: `${many(lost, 'message')} gone before they were read`,
    }
  if (seconds > LAG_SECONDS) return { ...base, state: 'bad', health: 'behind', more: waits }
  return {
    ...base,
    state: 'good',
    health: 'running',
    more: lag === 0 ? many(partitions.length, 'partition') : waits,
  }
}

/** @param {LiveUpdate} update @returns {Station} */
function consumerOf({ consumer, rates }) {
  const base = {
    kind: /** @type {const} */ ('station'),
    name: 'Consumer',
    main: `${compact(consumer.valid)} valid`,
  }
  const [trouble] = consumer.troubles
  if (trouble !== undefined) {
    const more = trouble.startsWith('The log')
      ? 'waits for the log'
      : trouble.startsWith('The store')
        ? 'waits for ClickHouse'
        : 'rolling up fails'
    return { ...base, state: 'bad', health: 'waiting', more }
  }
  return {
    ...base,
    state: 'good',
    health: 'running',
    more: `${compact(consumer.invalid)} rejected (${rate(rates.invalid)}), ${many(consumer.repeats, 'repeat')}`,
  }
}

/** @param {LiveUpdate} update @returns {Station} */
function storeOf(update) {
  const { consumer, at } = update
  const { fresh_as_of: fresh, stale_windows: stale, last_flush: flush } = consumer
  const age = fresh === null ? null : Math.max(0, Date.parse(at) - Date.parse(fresh))
  const windows = Object.values(stale).reduce((a, b) => a + b, 0)
  const base = {
    kind: /** @type {const} */ ('station'),
    name: 'ClickHouse',
    main: age === null ? 'not rolled up yet' : age < 2_000 ? 'fresh' : `${duration(age)} old`,
  }
  const toDo = windows === 0 ? 'aggregates up to date' : `${many(windows, 'window')} to compute`
  if (isStoreAway(update))
    return { ...base, state: 'bad', health: 'away', more: 'does not answer; messages wait in the log' }
  if (age !== null && age > STALE_MS) return { ...base, state: 'bad', health: 'behind', more: toDo }
  const written = flush === null ? [] : [`last write ${duration(flush.write_ms)}`]
  return { ...base, state: 'good', health: 'running', more: [...written, toDo].join(', ') }
}

/** @param {LiveUpdate} update */
function isStoreAway({ consumer, store_problem }) {
  return store_problem !== null || consumer.troubles.some((text) => text.includes(' store '))
}
