// @ts-check
import { get, post } from './api.js'
import { byId, element, fillRows, setText } from './dom.js'
import { count, time } from './format.js'

/**
 * @typedef {import('./types.d.ts').Rejected} Rejected
 * @typedef {Rejected['samples'][number]} DeadLetter
 */

const reasons = byId('reasons')
const choice = byId('reason', HTMLSelectElement)
const samples = byId('samples')
const note = byId('rejected-note')

/** Another reason was chosen. @param {() => void} refresh */
export function onReason(refresh) {
  choice.addEventListener('change', refresh)
}

/** Asks for what was rejected, and shows it. */
export async function refreshRejected() {
  const reason = choice.value
  /** @type {Rejected} */
  const rejected = await get('/live/rejected', { reason })
  if (reason !== choice.value) return
  const most = rejected.by_reason[0]?.count ?? 1
  fillRows(
    reasons,
    rejected.by_reason,
    () => element('tr', {}, element('td', { class: 'bar' }), element('td')),
    (row, each) => {
      const [name, number] = /** @type {[HTMLElement, HTMLElement]} */ (/** @type {unknown} */ (row.children))
      setText(name, inWords(each.reason))
      name.style.setProperty('--part', `${((each.count / most) * 100).toFixed(1)}%`)
      setText(number, count(each.count))
    },
  )
  offer(rejected.by_reason.map((each) => each.reason))
  showSamples(rejected.samples)
  setText(
    note,
    rejected.total === 0
      ? 'Nothing was rejected. Messages that are no page view are kept, with the reason.'
      : `${count(rejected.total)} open. Open one to correct and replay it, or many of them with: millrace dead-letters --help`,
  )
}

/** @param {string[]} found */
function offer(found) {
  const names = ['', ...found]
  if (names.join() === [...choice.options].map(({ value }) => value).join()) return
  const chosen = choice.value
  if (chosen !== '' && !found.includes(chosen)) names.push(chosen)
  choice.replaceChildren(
    ...names.map((name) => element('option', { value: name }, name === '' ? 'All reasons' : inWords(name))),
  )
  choice.value = chosen
}

/** One that is open for reading stays as it is. @param {DeadLetter[]} messages */
function showSamples(messages) {
  if (samples.querySelector('details[open]')) return
  samples.replaceChildren(...messages.map(sampleOf))
}

/** @param {DeadLetter} message */
function sampleOf(message) {
  const summary = element(
    'summary',
    {},
    element('time', { datetime: message.rejected_at }, time(Date.parse(message.rejected_at))),
    message.detail,
  )
  return element(
    'details',
    {},
    summary,
    element(
      'dl',
      {},
      ...entry('Reason', inWords(message.reason)),
      ...entry('Place', `${message.topic}, partition ${message.partition}, offset ${message.offset}`),
      ...entry('Detail', message.detail),
      ...entry('Key', bytesOf(message.key)),
      ...entry('Message', bytesOf(message.message)),
    ),
    correctionOf(message),
  )
}

/** A form that corrects the message and sends it. @param {DeadLetter} message */
function correctionOf({ topic, partition, offset }) {
  const text = element('textarea', {
    rows: '4',
    spellcheck: 'false',
    'aria-label': 'Corrected message',
    placeholder: 'Click to load the message, then correct it',
  })
  const button = element('button', { type: 'submit' }, 'Correct and replay')
  const answer = element('p', { class: 'answer', role: 'status' })
  const form = element('form', { class: 'correction' }, text, button, answer)
  const place = { topic, partition, offset }
  // What was shown of it may be its beginning only.
  text.addEventListener(
    'focus',
    () => {
      const query = { topic, partition: String(partition), offset: String(offset) }
      get('/dead-letters/message', query).then(
        (/** @type {{ message: DeadLetter['message'] }} */ { message }) => {
          if (text.value === '' && message?.as === 'text') text.value = message.content
        },
        fail,
      )
    },
    { once: true },
  )
  /** @param {Error} error */
  function fail(error) {
    setText(answer, error.message)
    answer.classList.add('refused')
    button.disabled = false
  }
  form.addEventListener('submit', (event) => {
    event.preventDefault()
    button.disabled = true
    post('/dead-letters/fix', { ...place, message: text.value })
      .then(() => post('/dead-letters/replay', place))
      .then((/** @type {{ event_id: string }} */ sent) => {
        setText(answer, `Sent as ${sent.event_id}; it counts in a moment.`)
        answer.classList.remove('refused')
      }, fail)
  })
  return form
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
