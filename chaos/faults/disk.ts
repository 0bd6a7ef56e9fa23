import { setTimeout as sleep } from 'node:timers/promises'
import type { Fault } from './fault.ts'

export const fullDisk: Fault = {
  name: 'full-disk',
  does: 'the file system of the data directory is full for some seconds',
  weight: 1,
  applies: ({ hasSmallDisk }) => hasSmallDisk,
  run: (stage, random) => {
    const ms = Math.round(random.between(500, 4_000))
    return stage.exclusively('disk', async () => {
      await stage.fillDisk()
      await sleep(ms)
      await stage.freeDisk()
      return `the disk full for ${ms} ms`
    })
  },
}
