import type { OpenedStore } from '../compose.ts'
import type { Surroundings } from './check.ts'

/** ClickHouse, when it answers. That it does not is the finding of one check, and the others have nothing to say then. */
export async function reachedStore({ store }: Surroundings): Promise<OpenedStore | null> {
  try {
    const found = await store()
    if (found === undefined) return null
    // Our own database may not be there yet.
    await using system = disposable(found)
    await system.db.ping()
    return found
  } catch {
    return null
  }
}

function disposable({ db }: OpenedStore) {
  const system = db.alone({ database: 'system' })
  return { db: system, [Symbol.asyncDispose]: () => system.close() }
}
