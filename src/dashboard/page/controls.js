// @ts-check
import { post } from './api.js'
import { byId, setText } from './dom.js'
import { count, rate } from './format.js'

/**
 * @typedef {import('./types.d.ts').ProducerView} ProducerView
 * @typedef {{ mode: string, speed_eps: number, speed_override: number | null, generating: boolean }} Pace
 */

const controls = byId('controls', HTMLFieldSetElement)
const modes = byId('modes')
const speed = byId('speed', HTMLFormElement)
const eps = byId('eps', HTMLInputElement)
const burst = byId('burst', HTMLFormElement)
const shares = byId('shares', HTMLFormElement)
const pause = byId('pause', HTMLButtonElement)
const answer = byId('answer')

const SHARES = ['bounces', 'invalid', 'repeats']

/** Fields that somebody has changed and not sent; they are left alone. @type {Set<Element>} */
const edited = new Set()

/** What a change may take until the updates know of it, in milliseconds. */
const UPDATE_MS = 1_500
/** Until when updates are from before the last change, by the monotonic clock. */
let oldUntil = 0
/** Whether the last update said that the producer is away. */
let away = false

/** Shows how the producer is set. @param {ProducerView} producer */
export function showControls({ status }) {
  controls.disabled = status === null
  pause.disabled = status === null
  if (away !== (status === null)) {
    away = status === null
    show(away ? 'The producer does not answer, so nothing can be changed now.' : '', away)
  }
  if (!status || performance.now() < oldUntil) return
  showPace(status)
  fill(eps, status.speed_override === null ? '' : String(status.speed_override))
  for (const name of SHARES) {
    const share = status.shares[/** @type {keyof typeof status.shares} */ (name)]
    fill(field(shares, name), String(Math.round(share * 10_000) / 100))
  }
}

/** Lets the forms do what they say. */
export function startControls() {
  controls.addEventListener('input', ({ target }) => {
    if (target instanceof HTMLInputElement && target.type === 'number') edited.add(target)
  })
  modes.addEventListener('change', ({ target }) => {
    if (target instanceof HTMLInputElement) void steer('mode', { mode: target.value }, paceText)
  })
  onSubmit(speed, () => steer('speed', { eps: Number(eps.value) }, paceText, [eps]))
  byId('speed-mode').addEventListener('click', () => steer('speed', { eps: 0 }, paceText, [eps]))
  onSubmit(burst, () => steer('burst', { count: Number(field(burst, 'count').value) }, burstText))
  onSubmit(shares, () => {
    const fields = SHARES.map((name) => field(shares, name))
    const given = fields.map((input) => [input.name, Math.round(Number(input.value) * 100) / 10_000])
    return steer('shares', Object.fromEntries(given), sharesText, fields)
  })
  pause.addEventListener('click', () =>
    steer(pause.textContent === 'Pause' ? 'pause' : 'resume', {}, paceText),
  )
}

/**
 * Asks for a change and shows what the producer answered.
 *
 * @template T
 * @param {string} name
 * @param {object} body
 * @param {(done: T) => string} inWords
 * @param {Element[]} [fields] what was sent, and is to follow the producer again
 */
async function steer(name, body, inWords, fields = []) {
  oldUntil = Number.POSITIVE_INFINITY
  try {
    /** @type {T} */
    const done = await post(`/control/${name}`, body)
    if (isPace(done)) showPace(done)
    for (const input of fields) edited.delete(input)
    show(inWords(done), false)
  } catch (error) {
    show(error instanceof Error ? error.message : String(error), true)
  } finally {
    oldUntil = performance.now() + UPDATE_MS
  }
}

/** @param {unknown} answer @returns {answer is Pace} */
function isPace(answer) {
  return typeof answer === 'object' && answer !== null && 'generating' in answer
}

/** @param {Pick<Pace, 'mode' | 'generating'>} pace */
function showPace({ mode, generating }) {
  setText(pause, generating ? 'Pause' : 'Resume')
  for (const input of modes.querySelectorAll('input')) input.checked = input.value === mode
}

/** @param {string} text @param {boolean} refused */
function show(text, refused) {
  answer.classList.toggle('refused', refused)
  setText(answer, text)
}

/** @param {Pace} pace */
function paceText({ mode, speed_eps, speed_override, generating }) {
  if (!generating) return `Paused. It goes on in mode ${mode}.`
  return speed_override === null
    ? `Mode ${mode}, ${rate(speed_eps)} at the moment.`
    : `${rate(speed_override)}, whatever the mode.`
}

/** @param {{ accepted: number }} answer */
function burstText({ accepted }) {
  return `${count(accepted)} events are on their way.`
}

/** @param {Record<string, number>} shares */
function sharesText(shares) {
  const texts = SHARES.map((name) => `${name} ${Math.round((shares[name] ?? 0) * 10_000) / 100}%`)
  return `Shares are now: ${texts.join(', ')}.`
}

/** @param {HTMLFormElement} form @param {() => void} act */
function onSubmit(form, act) {
  form.addEventListener('submit', (event) => {
    event.preventDefault()
    act()
  })
}

/** @param {HTMLFormElement} form @param {string} name */
function field(form, name) {
  return /** @type {HTMLInputElement} */ (form.elements.namedItem(name))
}

/** @param {HTMLInputElement} input @param {string} value */
function fill(input, value) {
  if (!edited.has(input) && document.activeElement !== input && input.value !== value) input.value = value
}
