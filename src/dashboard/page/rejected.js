// @ts-check
import { get } from './api.js'
import { correctionOf } from './correction.js'
import { byId, element, fillRows, setText } from './dom.js'
import { count, many, moment } from './format.js'

/**
 * @typedef {import('./types.d.ts').Rejected} Rejected
 * @typedef {Rejected['samples'][number]} DeadLetter
 */

const reasons = byId('reasons')
const title = byId('samples-title')
const samples = byId('samples')
const note = byId('rejected-note')

/** The reason whose messages are shown; empty: all. */
let chosen = ''
/** Whether the samples shown are of another choice. */
let changed = false
let refresh = () => {}

/** Lets a reason be chosen. @param {() => void} refreshNow */
export function startRejected(refreshNow) {
  refresh = refreshNow
  reasons.addEventListener('click', ({ target }) => {
    const button = target instanceof Element ? target.closest('button') : null
    if (!button) return
    chosen = button.value === chosen ? '' : button.value
    changed = true
    refresh()
  })
}

/** Asks for what was rejected, and shows it. */
export async function refreshRejected() {
  const reason = chosen
  /** @type {Rejected} */
  const rejected = await get('/live/rejected', { reason })
  if (reason !== chosen) return
  // The last one of the chosen reason may have been mended meanwhile.
  if (reason !== '' && !rejected.by_reason.some((each) => each.reason === reason)) {
    chosen = ''
    return refreshRejected()
  }
  showReasons(rejected)
  showSamples(rejected.samples)
  setText(title, reason === '' ? 'Last ones' : `Last ones: ${inWords(reason)}`)
  title.hidden = rejected.total === 0
  setText(
    note,
    rejected.total === 0
      ? 'Nothing was rejected. Messages that are no page view are kept, with the reason.'
      : `${count(rejected.total)} open. Open one to correct and replay it, or many of them: ${commandFor(reason)}`,
  )
}

/** They cannot be read now. What is there stays. @param {string} message */
export function showNoRejected(message) {
  if (samples.children.length === 0) setText(note, message)
}

/** @param {Rejected} rejected */
function showReasons({ by_reason }) {
  const most = by_reason[0]?.count ?? 1
  const make = () => {
    const button = element('button', { type: 'button', class: 'quiet', title: 'Only these' })
    return element('tr', {}, element('td', { class: 'bar' }, button), element('td'))
  }
  fillRows(reasons, by_reason, make, (row, each) => {
    const [name, number] = /** @type {[HTMLElement, HTMLElement]} */ (/** @type {unknown} */ (row.children))
    const button = /** @type {HTMLButtonElement} */ (name.firstElementChild)
    setText(button, inWords(each.reason))
    button.value = each.reason
    button.setAttribute('aria-pressed', String(each.reason === chosen))
    name.style.setProperty('--part', `${((each.count / most) * 100).toFixed(1)}%`)
    setText(number, count(each.count))
  })
}

/** @param {string} reason */
function commandFor(reason) {
  return reason === ''
    ? 'millrace dead-letters --help'
    : `millrace dead-letters fix --reason ${reason} --help`
}

/** One that is open for reading stays as it is. @param {DeadLetter[]} messages */
function showSamples(messages) {
  if (!changed && samples.querySelector('details[open]')) return
  changed = false
  samples.replaceChildren(...messages.map(sampleOf))
}

/** @param {DeadLetter} message */
function sampleOf(message) {
  const summary = element(
    'summary',
    {},
    element('time', { datetime: message.rejected_at }, moment(Date.parse(message.rejected_at))),
    message.detail,
  )
  const { form, load } = correctionOf(message, refresh)
  const details = element(
    'details',
    {},
    summary,
    element(
      'dl',
      {},
      ...entry('Reason', inWords(message.reason)),
      ...entry('Place', `${message.topic}, partition ${message.partition}, offset ${count(message.offset)}`),
      ...entry('Rejected', message.rejected_at),
      ...entry('Detail', message.detail),
      ...entry('Key', bytesOf(message.key)),
      ...entry('Size', many(message.message_bytes, 'byte')),
      ...entry('Message', bytesOf(message.message)),
    ),
    form,
  )
  details.addEventListener('toggle', () => {
    if (details.open) load()
  })
  return details
}

/** @param {string} name @param {Node | string} value */
function entry(name, value) {
  return [element('dt', {}, name), element('dd', {}, value)]
}

/** Bytes may be anything: they are shown as text only. @param {DeadLetter['message']} bytes */
function bytesOf(bytes) {
  if (bytes === null) return 'none'
  if (bytes.content === '') return 'empty'
  return element('code', {}, bytes.as === 'hex' ? `hex ${bytes.content}` : bytes.content)
}

/** @param {string} reason `bad_timestamp` */
function inWords(reason) {
  return reason.replaceAll('_', ' ')
}
