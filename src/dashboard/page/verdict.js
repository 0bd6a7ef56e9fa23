// @ts-check
import { get, post } from './api.js'
import { byId, element, setText } from './dom.js'
import { count, moment } from './format.js'

/**
 * @typedef {object} Verdict
 * @property {boolean} agrees
 * @property {string} began_at
 * @property {number} took_ms
 * @property {number} messages
 * @property {number} unique
 * @property {number} errors
 * @property {number} repeats
 * @property {number} differences_total
 * @property {{ check: string, where: string, expected: string, found: string }[]} differences
 * @property {string[]} notes
 * @typedef {{ running: boolean, waiting: string | null, failure: string | null, verdict: Verdict | null }} Audit
 */

const POLL_MS = 1_000

const button = byId('verify', HTMLButtonElement)
const answer = byId('verdict')
const details = byId('verdict-details')

/** Lets the button begin an audit, and shows what the last one found. */
export function startVerdict() {
  button.addEventListener('click', () => void ask(() => post('/verify', {})))
  void ask(() => get('/verify'))
}

/** Asks, and again while an audit is under way. @param {() => Promise<Audit>} request @returns {Promise<void>} */
async function ask(request) {
  try {
    const audit = await request()
    show(audit)
    if (audit.running) setTimeout(() => void ask(() => get('/verify')), POLL_MS)
  } catch (error) {
    say(error instanceof Error ? error.message : String(error), false)
    button.disabled = false
  }
}

/** @param {Audit} audit */
function show({ running, waiting, failure, verdict }) {
  button.disabled = running
  if (running)
    return say(
      waiting ? `Waiting for ${waiting} …` : 'Comparing log, ledger, raw rows and aggregates …',
      true,
    )
  if (failure !== null) return say(`The audit did not come to an end: ${failure}`, false)
  if (verdict === null)
    return say('Not run yet. It compares log, ledger, raw rows and every level of aggregates.', true)
  const when = moment(Date.parse(verdict.began_at))
  const differs = `${count(verdict.differences_total)} ${verdict.differences_total === 1 ? 'thing differs' : 'things differ'}`
  const unsettled =
    verdict.differences_total === 0 ? 'Nothing differs so far, but not all could be compared' : differs
  say(verdict.agrees ? `Everything agrees, ${when}.` : `${unsettled}, ${when}.`, verdict.agrees)
  details.replaceChildren(
    element(
      'li',
      {},
      `${count(verdict.messages)} messages: ${count(verdict.unique)} page views, ${count(verdict.repeats)} repeats, ${count(verdict.errors)} rejected`,
    ),
    ...verdict.differences.map((each) =>
      element('li', {}, `${each.where}: expected ${each.expected}, found ${each.found}`),
    ),
    ...verdict.notes.map((note) => element('li', {}, note)),
  )
}

/** @param {string} text @param {boolean} fine */
function say(text, fine) {
  setText(answer, text)
  answer.classList.toggle('refused', !fine)
}
