import { StoreError } from './errors.ts'

/**
 * ClickHouse keeps an answer in a file until the query has ended (`wait_end_of_query`). On a full disk nothing of it gets there, and the
 * answer is empty, with a status of 200; only the summary in the header still says how many rows there were. Taken
 * for an answer it would be a zero where there is none.
 *
 * @throws StoreError, transient, when there are fewer rows than the summary says
 */
export function checkWhole(rows: number, headers: Readonly<Record<string, unknown>>): void {
  const said = rowsOf(headers['x-clickhouse-summary'])
  if (rows >= said) return
  throw new StoreError(
    'transient',
    undefined,
    `the answer has ${rows} of ${said} rows: is the disk of ClickHouse full?`,
    undefined,
  )
}

/** 0 where nothing is said, as servers do that answer in another way. */
function rowsOf(summary: unknown): number {
  try {
    return Number(JSON.parse(String(summary)).result_rows) || 0
  } catch {
    return 0
  }
}
