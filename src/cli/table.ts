import Table from 'cli-table3'

/** Rows below a heading, as lines of text without frames. */
export function table(heading: readonly string[], rows: readonly (readonly unknown[])[]): string {
  const lines = new Table({
    head: [...heading],
    chars: FRAMELESS,
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 2 },
  })
  lines.push(...rows.map((row) => row.map(cell)))
  return lines.toString().replace(/ +$/gm, '')
}

function cell(value: unknown): string {
  return typeof value === 'object' && value !== null ? JSON.stringify(value) : String(value ?? '')
}

export const FRAMELESS = Object.fromEntries(
  ['top', 'top-mid', 'top-left', 'top-right', 'bottom', 'bottom-mid', 'bottom-left', 'bottom-right']
    .concat(['left', 'left-mid', 'mid', 'mid-mid', 'right', 'right-mid', 'middle'])
    .map((name) => [name, '']),
)
