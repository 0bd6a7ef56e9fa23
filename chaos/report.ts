import type { Setup } from './stage.ts'

/** What became of one round. */
export interface Played {
  readonly setup: Setup
  readonly seed: number
  readonly round: number
  readonly faults: readonly string[]
  readonly seconds: number
  readonly recoveredMs: number
  readonly failed: boolean
}

/** All rounds in Markdown: by setup, and how often each fault was met. */
export function reportOf(played: readonly Played[]): string {
  const setups = [...new Set(played.map(({ setup }) => setup))]
  const rows = setups.map((setup) => {
    const of = played.filter((each) => each.setup === setup)
    const failed = of.filter((each) => each.failed)
    const recovered = of.filter((each) => !each.failed).map((each) => each.recoveredMs / 1_000)
    const seconds = of.reduce((sum, each) => sum + each.seconds, 0)
    return `| ${setup} | ${of.length} | ${failed.length} | ${(seconds / 60).toFixed(1)} min | ${median(recovered).toFixed(1)} s, at most ${Math.max(0, ...recovered).toFixed(1)} s |`
  })
  const counts = new Map<string, number>()
  for (const name of played.flatMap(({ faults }) => faults)) counts.set(name, (counts.get(name) ?? 0) + 1)
  const faults = [...counts].sort((a, b) => b[1] - a[1]).map(([name, count]) => `${name} ${count}`)
  return [
    '| setup | rounds | failed | took | from the last fault to an audit that agrees |',
    '| --- | --- | --- | --- | --- |',
    ...rows,
    '',
    `Faults: ${faults.join(', ')}.`,
    '',
  ].join('\n')
}

function median(numbers: readonly number[]): number {
  return numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? 0
}
