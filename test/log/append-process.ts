import { openLmdbLog } from '../../src/log/lmdb/open.ts'

// Appends numbered records, each with an entry of the ledger, and prints the number of each one that was acknowledged.
const [dataDir, from] = process.argv.slice(2)
const { log, ledger } = await openLmdbLog({ dataDir: dataDir!, topic: 'page-views', partitions: 3 })
const writer = await log.writer()
let next = Number(from)

async function lane(): Promise<void> {
  for (;;) {
    const n = next++
    const record = { partition: n % 3, key: Buffer.from(`k${n}`), value: Buffer.from(`${n}`), timestampMs: n }
    const entry = {
      kind: 'view',
      pageId: `/${n % 7}`,
      timestampMs: n * 1_000,
      durationMs: n,
      isBounce: n % 2 === 0,
    } as const
    await writer.append([record], ledger.begin([{ ...record, entry }]))
    process.stdout.write(`${n}\n`)
  }
}

await Promise.all(Array.from({ length: 8 }, lane))
