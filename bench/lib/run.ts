import type { Measured } from './measured.ts'
import { say, thousands } from './say.ts'
import { spread } from './statistics.ts'

export interface Contender {
  readonly name: string
  run(round: number): Promise<Measured>
}

/** Runs everything in turn, so that a machine that gets slower is slower for each; every second round in the other order. */
export async function alternately(
  contenders: readonly Contender[],
  rounds: number,
): Promise<Map<string, Measured[]>> {
  const measured = new Map<string, Measured[]>(contenders.map(({ name }) => [name, []]))
  for (let round = 1; round <= rounds; round++) {
    for (const contender of round % 2 === 1 ? contenders : contenders.toReversed()) {
      say(`round ${round} of ${rounds}  ${contender.name} …`)
      const one = await contender.run(round)
      measured.get(contender.name)!.push(one)
      const costs = Object.entries(one.byProcess).map(([name, micros]) => `${name} ${micros.toFixed(1)}`)
      say(
        `round ${round} of ${rounds}  ${contender.name.padEnd(28)} ${thousands(one.perSecond).padStart(9)}/s  ${one.cpuMicroseconds.toFixed(1).padStart(5)} µs an event (${costs.join(', ')}), others ${one.others.toFixed(1)} processors`,
      )
    }
  }
  return measured
}

/** A column of the table: numbers of each run, undefined where a run has none. */
interface Column {
  readonly title: string
  readonly value: (one: Measured) => number | undefined
  readonly write: (n: number) => string
}

const COLUMNS: readonly Column[] = [
  { title: 'events/s', value: (one) => one.perSecond, write: thousands },
  { title: 'raw rows alone, events/s', value: (one) => one.rawPerSecond, write: thousands },
  { title: 'in the middle, events/s', value: (one) => one.steadyPerSecond, write: thousands },
  { title: 'µs of a processor an event', value: (one) => one.cpuMicroseconds, write: oneDigit },
]
const OTHERS: Column = { title: 'processors of other work', value: (one) => one.others, write: oneDigit }

/** A table in Markdown: the median of each, and from the lowest to the highest. */
export function tableOf(measured: ReadonlyMap<string, readonly Measured[]>): string {
  const all = [...measured.values()].flat()
  const processes = [...new Set(all.flatMap(({ byProcess }) => Object.keys(byProcess)))]
  const columns = [
    ...COLUMNS.filter(({ value }) => all.some((one) => value(one) !== undefined)),
    ...processes.map((name) => ({
      title: name,
      value: ({ byProcess }: Measured) => byProcess[name],
      write: oneDigit,
    })),
    OTHERS,
  ]
  const rows = [...measured].map(([name, runs]) => [
    name,
    ...columns.map(({ value, write }) => {
      const numbers = runs.map(value).filter((n) => n !== undefined)
      return numbers.length === 0 ? '–' : spread(numbers, write)
    }),
  ])
  return table(['what', ...columns.map(({ title }) => title)], rows)
}

/** A table in Markdown. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n')
}

function oneDigit(n: number): string {
  return n.toFixed(1)
}
