import { showText } from '../../dead-letters/display.ts'
import { columns } from '../columns.ts'
import type { Finding, State } from './check.ts'

const COLOURS = { ok: 'green', warn: 'yellow', fail: 'red' } as const

/** What is worst of all findings. */
export function worstOf(findings: readonly Finding[]): State {
  const states = findings.map(({ state }) => state)
  return states.includes('fail') ? 'fail' : states.includes('warn') ? 'warn' : 'ok'
}

/**
 * Findings as lines, one for each, and a last one that says what they amount to.
 *
 * @param paint colours a text, where there are colours
 */
export function describeFindings(
  findings: readonly Finding[],
  paint: (colour: 'green' | 'yellow' | 'red', text: string) => string,
): string {
  const rows = findings.map(({ name, state, detail, mend }) => [
    paint(COLOURS[state], state),
    name,
    // Brokers and servers have a say in it.
    showText(mend === undefined ? detail : `${detail}. ${mend}`),
  ])
  return `${columns(rows)}\n\n${paint(COLOURS[worstOf(findings)], verdictOf(findings))}\n`
}

function verdictOf(findings: readonly Finding[]): string {
  const failures = findings.filter(({ state }) => state === 'fail').length
  const warnings = findings.filter(({ state }) => state === 'warn').length
  const worth =
    warnings === 0 ? '' : `, and ${things(warnings)} ${warnings === 1 ? 'is' : 'are'} worth a look`
  if (failures > 0) return `${things(failures)} would prevent Millrace from working${worth}.`
  return warnings === 0 ? 'All is well.' : `Millrace can work${worth}.`
}

function things(n: number): string {
  return n === 1 ? '1 thing' : `${n} things`
}
