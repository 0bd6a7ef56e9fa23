import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { openLmdbLog } from '../../src/log/lmdb/open.ts'
import { record } from './contract.ts'

/** Appends again and again to a log whose disk is full, in appends of all sizes, and writes how often that failed. */
const [dataDir = '', attempts = ''] = process.argv.slice(2)
const { log, close } = await openLmdbLog({ dataDir, topic: 'page-views', partitions: 6 })
const writer = await log.writer()
let failed = 0
for (let i = 0; i < Number(attempts); i++) {
  const text = randomBytes(50 + ((i * 997) % 20_000)).toString('hex')
  const appends = Array.from({ length: 1 + (i % 6) }, (_, partition) =>
    writer.append([record(partition, text)]).catch(() => {
      failed += 1
    }),
  )
  await Promise.all(appends)
  if (i % 50 === 0) await sleep(1)
}
await close()
process.stdout.write(`${failed} failed\n`)
