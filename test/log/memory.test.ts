import { MemoryLog } from '../../src/log/memory.ts'
import { eventLogContract } from './contract.ts'

eventLogContract({
  name: 'memory',
  async create(t, partitions) {
    const log = new MemoryLog({ partitions })
    t.after(() => log.close())
    return { open: async () => log }
  },
})
