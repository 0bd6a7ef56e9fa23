// @ts-check
import { get, post } from './api.js'
import { element, setText } from './dom.js'

/**
 * @typedef {import('./types.d.ts').Rejected['samples'][number]} DeadLetter
 * @typedef {{ message: DeadLetter['message'] }} Whole
 */

/**
 * A form that corrects a message and sends it.
 *
 * @param {DeadLetter} letter
 * @param {() => void} onSent
 * @returns {{ form: HTMLFormElement, load: () => void }} `load` fills in the message once it is looked at
 */
export function correctionOf({ topic, partition, offset }, onSent) {
  const text = element('textarea', {
    rows: '4',
    spellcheck: 'false',
    'aria-label': 'Corrected message',
    placeholder: 'The whole message as JSON',
  })
  const button = element('button', { type: 'submit' }, 'Correct and replay')
  const answer = element('p', { class: 'answer', role: 'status' })
  const form = element('form', { class: 'correction' }, text, button, answer)
  const place = { topic, partition, offset }

  /** @param {string} said @param {boolean} refused */
  const say = (said, refused) => {
    setText(answer, said)
    answer.classList.toggle('refused', refused)
    button.disabled = false
  }
  /** @param {Error} error */
  const refuse = (error) => say(error.message, true)

  let loaded = false
  const load = () => {
    if (loaded) return
    loaded = true
    // What is shown of it may be its beginning only.
    const query = { topic, partition: String(partition), offset: String(offset) }
    get('/dead-letters/message', query).then((/** @type {Whole} */ { message }) => {
      if (text.value === '' && message?.as === 'text') text.value = message.content
    }, refuse)
  }
  form.addEventListener('submit', (event) => {
    event.preventDefault()
    button.disabled = true
    post('/dead-letters/fix', { ...place, message: text.value })
      .then(() => post('/dead-letters/replay', place))
      .then((/** @type {{ event_id: string }} */ sent) => {
        say(`Sent as ${sent.event_id}; it counts in a moment.`, false)
        onSent()
      }, refuse)
  })
  return { form, load }
}
