import Table from 'cli-table3'

export interface TableLayout {
  /** Characters of each column, two of which are the gap behind it; what is longer is cut. As wide as their contents when left out. */
  readonly widths?: readonly number[]
  /** Which columns stand to the right, such as those of numbers. */
  readonly right?: readonly number[]
  /** Whether what is longer goes on in the next line instead of being cut. */
  readonly wrap?: boolean
}

/** Rows below a heading, as lines of text without frames. Without a heading when it is empty. */
export function table(
  heading: readonly string[],
  rows: readonly (readonly unknown[])[],
  { widths = [], right = [], wrap = false }: TableLayout = {},
): string {
  const lines = new Table({
    head: [...heading],
    chars: FRAMELESS,
    colWidths: [...widths],
    colAligns: Array.from({ length: Math.max(-1, ...right) + 1 }, (_, i) =>
      right.includes(i) ? 'right' : 'left',
    ),
    wordWrap: wrap,
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 2 },
  })
  lines.push(...rows.map((row) => row.map(cell)))
  return lines.toString().replace(/ +$/gm, '')
}

function cell(value: unknown): string {
  return typeof value === 'object' && value !== null ? JSON.stringify(value) : String(value ?? '')
}

const FRAMELESS = Object.fromEntries(
  ['top', 'top-mid', 'top-left', 'top-right', 'bottom', 'bottom-mid', 'bottom-left', 'bottom-right']
    .concat(['left', 'left-mid', 'mid', 'mid-mid', 'right', 'right-mid', 'middle'])
    .map((name) => [name, '']),
)
