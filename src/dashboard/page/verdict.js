// @ts-check
import { get, post } from './api.js'
import { byId, element, setText } from './dom.js'
import { count, duration, moment } from './format.js'

/**
 * @typedef {object} Verdict
 * @property {'agrees' | 'differs' | 'unsettled'} verdict
 * @property {string} began_at
 * @property {number} took_ms
 * @property {{ from: string | null, to: string | null }} range
 * @property {number} messages
 * @property {number} unique
 * @property {number} errors
 * @property {number} repeats
 * @property {number} differences_total
 * @property {{ check: string, where: string, expected: string, found: string }[]} differences
 * @property {string[]} notes
 * @typedef {{ running: boolean, waiting: string | null, failure: string | null, verdict: Verdict | null }} Audit
 */

const button = byId('verify', HTMLButtonElement)
const answer = byId('verdict')
const details = byId('verdict-details')

/** Lets the button begin an audit. @param {() => void} refresh */
export function startVerdict(refresh) {
  button.addEventListener('click', () => {
    button.disabled = true
    post('/verify', {}).then(refresh, (error) => {
      showNoVerdict(error instanceof Error ? error.message : String(error))
      button.disabled = false
    })
  })
}

/** Asks for what the last audit found, whoever ran it, and shows it. @returns {Promise<Audit>} */
export async function refreshVerdict() {
  /** @type {Audit} */
  const audit = await get('/verify')
  show(audit)
  return audit
}

/** @param {string} message why it is not known */
export function showNoVerdict(message) {
  say(message, 'bad')
}

/** @param {Audit} audit */
function show({ running, waiting, failure, verdict }) {
  button.disabled = running
  if (running)
    return say(
      waiting ? `Waiting for ${waiting} …` : 'Comparing log, ledger, raw rows and aggregates …',
      'idle',
    )
  if (failure !== null) return say(`The audit did not come to an end: ${failure}`, 'bad')
  if (verdict === null)
    return say('Not run yet. It compares log, ledger, raw rows and every level of aggregates.', 'idle')
  say(
    `${sentenceOf(verdict)}, ${moment(Date.parse(verdict.began_at))}.`,
    verdict.verdict === 'agrees' ? 'good' : 'bad',
  )
  const items = [
    `${count(verdict.messages)} messages: ${count(verdict.unique)} page views, ${count(verdict.repeats)} repeats, ${count(verdict.errors)} rejected; compared in ${duration(verdict.took_ms)}`,
    ...rangeOf(verdict),
    ...verdict.differences.map(
      ({ where, expected, found }) => `${where}: expected ${expected}, found ${found}`,
    ),
    ...verdict.notes,
  ]
  details.replaceChildren(...items.map((text) => element('li', {}, text)))
}

/** @param {Verdict} verdict */
function sentenceOf({ verdict, differences_total: n }) {
  if (verdict === 'agrees') return 'Everything agrees'
  if (verdict === 'unsettled') return 'Nothing differs so far, but not all could be compared'
  return n === 1 ? 'One thing differs' : `${count(n)} things differ`
}

/** @param {Verdict} verdict */
function rangeOf({ range: { from, to } }) {
  if (from === null && to === null) return []
  const texts = [
    from === null ? '' : `from ${moment(Date.parse(from))}`,
    to === null ? '' : `before ${moment(Date.parse(to))}`,
  ]
  return [`Only events ${texts.join(' ').trim()}`]
}

/** @param {string} text @param {'good' | 'bad' | 'idle'} state */
function say(text, state) {
  setText(answer, text)
  answer.classList.toggle('refused', state === 'bad')
  answer.classList.toggle('idle', state === 'idle')
}
