import { openLmdbLog } from '../../src/log/lmdb/open.ts'

// Joins the group "g" and stays.
const { log } = await openLmdbLog({ dataDir: process.argv[2]!, topic: 'page-views', partitions: 3 })
await log.reader('g')
process.stdout.write('joined\n')
