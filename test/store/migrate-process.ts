import { Database } from '../../src/store/database.ts'
import { migrate } from '../../src/store/migrate.ts'

const endpoint = JSON.parse(process.argv[2]!)
const db = new Database({ endpoint: () => endpoint })
await migrate(db)
await db.close()
