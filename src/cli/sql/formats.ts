import { MillraceError } from '../../errors.ts'

/** How an answer is written, by the flag that asks for it. */
export type Shape = 'table' | 'json' | 'csv' | 'tsv'

export interface FormatFlags {
  readonly table?: boolean
  readonly json?: boolean
  readonly csv?: boolean
  readonly tsv?: boolean
  /** False with --no-header. */
  readonly header?: boolean
}

/** What ClickHouse is asked for. */
export interface Format {
  readonly shape: Shape
  readonly name:
    | 'JSONCompactEachRowWithNamesAndTypes'
    | 'JSONEachRow'
    | 'CSV'
    | 'CSVWithNames'
    | 'TabSeparated'
    | 'TabSeparatedWithNames'
  readonly settings: Readonly<Record<string, 0 | 1>>
}

/** A person gets a table, a program that reads on gets lines that it can take apart, whichever is asked for goes before. */
export function formatOf(flags: FormatFlags, isTerminal: boolean): Format {
  const asked = (['table', 'json', 'csv', 'tsv'] as const).filter((shape) => flags[shape])
  if (asked.length > 1) {
    throw new MillraceError('invalid_setting', `--${asked.join(' and --')} do not go together`, {
      hint: 'Give one of them.',
    })
  }
  const shape = asked[0] ?? (isTerminal ? 'table' : 'tsv')
  const headed = flags.header !== false
  switch (shape) {
    case 'table':
      // As texts, large numbers keep all their digits.
      return {
        shape,
        name: 'JSONCompactEachRowWithNamesAndTypes',
        settings: { output_format_json_quote_64bit_integers: 1 },
      }
    case 'json':
      return { shape, name: 'JSONEachRow', settings: { output_format_json_array_of_rows: 1 } }
    case 'csv':
      return { shape, name: headed ? 'CSVWithNames' : 'CSV', settings: {} }
    case 'tsv':
      return { shape, name: headed ? 'TabSeparatedWithNames' : 'TabSeparated', settings: {} }
  }
}
