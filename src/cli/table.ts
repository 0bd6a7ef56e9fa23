import stringWidth from 'string-width'
import { showText } from '../dead-letters/display.ts'

const BETWEEN = '  '

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
  const lines = [...(heading.length > 0 ? [heading] : []), ...rows].map((row) => row.map(cell))
  const widths: number[] = []
  for (const line of lines) {
    line.forEach(({ width }, column) => {
      widths[column] = Math.max(widths[column] ?? 0, width)
    })
  }
  const padded = lines.map((line) =>
    line.map(({ text, width }, column) => {
      const space = ' '.repeat(widths[column]! - width)
      return right[column] ? space + text : text + space
    }),
  )
  return padded.map((line) => line.join(BETWEEN).trimEnd()).join('\n')
}

/** A value as text, and how many columns of a terminal that takes. */
function cell(value: unknown): { readonly text: string; readonly width: number } {
  const plain = typeof value === 'object' && value !== null ? JSON.stringify(value) : String(value ?? '')
  // Most are this, and need no look at each character. Whoever sends page views must not reach the terminal.
  if (/^[ -~]*$/.test(plain)) return { text: plain, width: plain.length }
  const text = showText(plain)
  return { text, width: stringWidth(text) }
}
