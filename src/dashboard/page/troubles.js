// @ts-check
import { byId, element, fillRows, setText } from './dom.js'

/** @typedef {import('./types.d.ts').LiveUpdate} LiveUpdate */

const box = byId('troubles')
const state = byId('state')

/** Says in words what is wrong, all of it. @param {LiveUpdate} update */
export function showTroubles({ consumer, producer, store_problem }) {
  setText(state, 'Live')
  state.dataset.state = document.body.dataset.updates = 'live'
  const storeSaidSo = consumer.troubles.some((text) => text.includes(' store '))
  const lost =
    consumer.lost === 0
      ? []
      : [
          `${consumer.lost} messages were gone from the log before they were read. A longer MILLRACE_LOG_RETENTION gives the consumer more time.`,
        ]
  say(
    [
      ...(producer.problem === null ? [] : [producer.problem]),
      ...(producer.status?.troubles ?? []),
      ...consumer.troubles,
      ...(store_problem === null || storeSaidSo
        ? []
        : [`ClickHouse does not answer, so the numbers may be old: ${store_problem}`]),
      ...lost,
    ].map(withoutCounts),
  )
}

/** No updates come. @param {string} message */
export function showAway(message) {
  setText(state, 'Connecting again …')
  state.dataset.state = document.body.dataset.updates = 'away'
  say([`${message} The numbers below are the last known ones. If it does not come back: millrace start`])
}

/** @param {string[]} sentences */
function say(sentences) {
  box.hidden = sentences.length === 0
  // Seen in a row of tabs.
  document.title = sentences.length === 0 ? 'Millrace' : '⚠ Millrace'
  fillRows(box, sentences, () => element('p'), setText)
}

/** A sentence that changes each second would be read out each second. @param {string} sentence */
function withoutCounts(sentence) {
  return sentence.replace(/, tried \d+ times:/, ':')
}
