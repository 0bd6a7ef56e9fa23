import Table from 'cli-table3'

export interface ColumnLayout {
  /** Characters of each column, two of which are the gap behind it; what is longer is cut. As wide as their contents when left out. */
  readonly widths?: readonly number[]
  /** Which columns stand to the right, such as those of numbers. */
  readonly right?: readonly number[]
  /** Whether what is longer goes on in the next line instead of being cut. */
  readonly wrap?: boolean
}

/** Gap behind a column. */
export const GAP = 2

/** Takes the frames from a table of cli-table3. */
const FRAMELESS = Object.fromEntries(
  ['top', 'top-mid', 'top-left', 'top-right', 'bottom', 'bottom-mid', 'bottom-left', 'bottom-right']
    .concat(['left', 'left-mid', 'mid', 'mid-mid', 'right', 'right-mid', 'middle'])
    .map((name) => [name, '']),
)

/** Texts below each other. They may have colours, so what comes from elsewhere has to be safe to show already. */
export function columns(
  rows: readonly (readonly string[])[],
  { widths = [], right = [], wrap = false }: ColumnLayout = {},
): string {
  const lines = new Table({
    head: [],
    chars: FRAMELESS,
    colWidths: [...widths],
    colAligns: Array.from({ length: Math.max(-1, ...right) + 1 }, (_, i) =>
      right.includes(i) ? 'right' : 'left',
    ),
    wordWrap: wrap,
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': GAP },
  })
  lines.push(...rows.map((row) => [...row]))
  return lines.toString().replace(/ +$/gm, '')
}
