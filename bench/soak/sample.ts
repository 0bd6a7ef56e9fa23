import { readdirSync } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { usageOfTree } from '../lib/processes.ts'
import type { BenchSystem } from '../lib/system.ts'

const MIB = 2 ** 20

/** Everything that could grow, at one moment. */
export interface Sample {
  readonly minute: number
  readonly sent: number
  readonly lag: number
  /** From the log to the minute aggregates, in milliseconds; null before the first roll-up. */
  readonly visibleMs: number | null
  readonly staleWindows: number
  /** By process, in MiB of its own. */
  readonly memory: Readonly<Record<string, number>>
  /** Open files and sockets, by process. */
  readonly handles: Readonly<Record<string, number>>
  /** Active parts in ClickHouse: of raw rows, of aggregates, of all else. */
  readonly parts: Readonly<Record<'raw' | 'aggregates' | 'other', number>>
  /** MiB on disk. */
  readonly disk: Readonly<Record<'log' | 'clickhouse', number>>
}

export async function takeSample(system: BenchSystem, root: number, minute: number): Promise<Sample> {
  const [producer, consumer] = await Promise.all([
    system.json(`${system.producerUrl}/status`),
    system.json(`${system.consumerUrl}/status`),
  ])
  const memory: Record<string, number> = {}
  const handles: Record<string, number> = {}
  for (const { pid, name, ownBytes } of usageOfTree(root)) {
    memory[name] = (memory[name] ?? 0) + ownBytes / MIB
    handles[name] = (handles[name] ?? 0) + handlesOf(pid)
  }
  const parts = (condition: string): Promise<number> =>
    system.number(`SELECT count() FROM system.parts WHERE active AND ${condition}`)
  const aggregates =
    "(table LIKE 'page_views_agg%' OR table LIKE 'page_views_breakdown%' OR table = 'page_views_slice')"
  const [raw, ofAggregates, all] = await Promise.all([
    parts("table = 'page_views_raw'"),
    parts(aggregates),
    parts('1'),
  ])
  const stale = consumer.stale_windows
  return {
    minute,
    sent: producer.sent,
    lag: consumer.lag,
    visibleMs: consumer.visible_latency_ms,
    staleWindows: stale.slice + stale.minute + stale.hour,
    memory,
    handles,
    parts: { raw, aggregates: ofAggregates, other: all - raw - ofAggregates },
    disk: {
      log: (await bytesBelow(join(system.dataDir, 'log'))) / MIB,
      clickhouse: (await bytesBelow(join(system.dataDir, 'clickhouse'))) / MIB,
    },
  }
}

function handlesOf(pid: number): number {
  try {
    return readdirSync(`/proc/${pid}/fd`).length
  } catch {
    return 0
  }
}

/** Blocks that files take, not their lengths: the log's file has holes. Files that go meanwhile are left out. */
async function bytesBelow(directory: string): Promise<number> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true }).catch(() => [])
  const sizes = entries
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) =>
      stat(join(parentPath, name)).then(
        ({ blocks }) => blocks * 512,
        () => 0,
      ),
    )
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0)
}
