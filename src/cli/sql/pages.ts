import type { Readable } from 'node:stream'
import { table } from '../table.ts'

/** Rows that are set side by side: enough for a screen, little enough for the memory. */
const PAGE_ROWS = 1_000

const NUMBER = /^(Nullable\()?(U?Int|Float|BFloat|Decimal)/

/**
 * Makes tables out of an answer in JSONCompactEachRowWithNamesAndTypes, one for every so many rows, so that an answer of any size can be looked at.
 *
 * @returns how many rows there were
 */
export async function writeTables(
  body: Readable,
  write: (text: string) => Promise<void>,
  heading: boolean,
): Promise<number> {
  let names: string[] | undefined
  let types: string[] | undefined
  let rows: unknown[][] = []
  let count = 0
  const flush = async (): Promise<void> => {
    if (rows.length === 0) return
    const right = types!.map((type) => NUMBER.test(type))
    await write(`${table(heading ? names! : [], rows, right)}\n`)
    rows = []
  }
  for await (const line of linesOf(body)) {
    const values = JSON.parse(line) as unknown[]
    if (names === undefined) names = values as string[]
    else if (types === undefined) types = values as string[]
    else {
      rows.push(values.map((value) => (value === null ? 'NULL' : value)))
      count += 1
      if (rows.length === PAGE_ROWS) await flush()
    }
  }
  await flush()
  return count
}

async function* linesOf(body: Readable): AsyncGenerator<string> {
  let rest = ''
  for await (const chunk of body.setEncoding('utf8')) {
    const lines = `${rest}${chunk}`.split('\n')
    rest = lines.pop()!
    yield* lines
  }
  if (rest !== '') yield rest
}
