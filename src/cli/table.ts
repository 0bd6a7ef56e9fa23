import Table from 'cli-table3'
import { showText } from '../dead-letters/display.ts'

/**
 * Rows below a heading, as lines of text without frames.
 *
 * @param heading the names of the columns; none for no heading
 * @param right which columns are set to the right, as numbers are
 */
export function table(
  heading: readonly string[],
  rows: readonly (readonly unknown[])[],
  right: readonly boolean[] = [],
): string {
  const lines = new Table({
    head: heading.map(cell),
    chars: FRAMELESS,
    colAligns: right.map((each) => (each ? 'right' : 'left')),
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 2 },
  })
  lines.push(...rows.map((row) => row.map(cell)))
  return lines.toString().replace(/ +$/gm, '')
}

function cell(value: unknown): string {
  // Whoever sends page views must not reach the terminal.
  return showText(typeof value === 'object' && value !== null ? JSON.stringify(value) : String(value ?? ''))
}

const FRAMELESS = Object.fromEntries(
  ['top', 'top-mid', 'top-left', 'top-right', 'bottom', 'bottom-mid', 'bottom-left', 'bottom-right']
    .concat(['left', 'left-mid', 'mid', 'mid-mid', 'right', 'right-mid', 'middle'])
    .map((name) => [name, '']),
)
