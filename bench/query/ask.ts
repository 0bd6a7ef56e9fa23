import { type ChildProcess, execFile } from 'node:child_process'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import type { BenchSystem } from '../lib/system.ts'
import { until } from '../lib/wait.ts'

export interface Span {
  readonly name: string
  /** Of GET /query/aggregates. */
  readonly parameters: string
}

/** The three that count, and the widest that minutes can be asked for. */
export const SPANS: readonly Span[] = [
  { name: '1 h', parameters: 'hours=1' },
  { name: '24 h', parameters: 'hours=24' },
  { name: '30 d', parameters: 'hours=720' },
  { name: '24 h by minute', parameters: 'hours=24&resolution=minute' },
]

const FRESH_SECONDS = 60

/** Starts the server on files that the kernel does not have in memory, and asks once. */
export async function askCold(
  system: BenchSystem,
  span: Span,
): Promise<{ readonly ms: number; readonly service: ChildProcess }> {
  await forgetFiles(join(system.dataDir, 'clickhouse'))
  const service = system.start('consumer')
  await system.ready(system.consumerUrl, service)
  await until('The first roll-up', FRESH_SECONDS, async () => {
    const { fresh_as_of: fresh } = await system.json(`${system.consumerUrl}/status`)
    return { done: fresh !== null, so: 'it has not run' }
  })
  return { ms: await ask(system, span), service }
}

/** A slow answer is shared for ten seconds at most: with so many different questions in turn nobody gets one twice. */
const QUESTIONS = 19

/**
 * Asks each span so many times, in turn.
 *
 * @param how.anew whether each answer is computed: each question wants a few pages more or less than the one before
 * @param how.everyMs from one request of a span to the next; 0 for one after the other
 * @returns milliseconds of each request by span, ascending
 */
export async function askAgain(
  system: BenchSystem,
  requests: number,
  { anew, everyMs }: { readonly anew: boolean; readonly everyMs: number },
): Promise<ReadonlyMap<string, readonly number[]>> {
  const taken = new Map<string, number[]>(SPANS.map(({ name }) => [name, []]))
  for (const span of SPANS) await ask(system, span)
  for (let i = 0; i < requests; i++) {
    const next = sleep(everyMs)
    const limit = anew ? `&limit=${91 + (i % QUESTIONS)}` : ''
    for (const { name, parameters } of SPANS)
      taken.get(name)!.push(await ask(system, { name, parameters: parameters + limit }))
    await next
  }
  for (const ms of taken.values()) ms.sort((a, b) => a - b)
  return taken
}

/** @returns how long the whole answer took, in milliseconds */
async function ask(system: BenchSystem, { name, parameters }: Span): Promise<number> {
  const began = performance.now()
  const { totals } = await system.json(`${system.consumerUrl}/query/aggregates?${parameters}`)
  const ms = performance.now() - began
  if (!(totals.view_count > 0)) throw new Error(`${name}: the answer has no views`)
  return ms
}

/** Has the kernel forget the files below a directory, and no others: with a count of 0 that is all that dd does (GNU coreutils). */
async function forgetFiles(directory: string): Promise<void> {
  const forget = 'exec find "$1" -type f -exec dd if={} iflag=nocache count=0 status=none ";"'
  await promisify(execFile)('sh', ['-c', forget, 'sh', directory])
}
