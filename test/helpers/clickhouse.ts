import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, type TestContext } from 'node:test'
import { type LocalClickHouse, openLocalClickHouse } from '../../src/clickhouse/local-clickhouse.ts'
import type { Endpoint } from '../../src/store/database.ts'
import { clickHouseOptions } from './clickhouse-options.ts'

/** A ClickHouse server of the test's own, ended when the test is over. Its database is empty. */
export async function startTestClickHouse(t: TestContext): Promise<Endpoint> {
  const server = await start()
  t.after(server.end)
  return server.local.endpoint()
}

/**
 * A ClickHouse server that the tests of a file (or of a suite) share. Call it once, at the top level; the function it
 * gives back may be called within tests.
 */
export function sharedTestClickHouse(): () => Endpoint {
  let server: Awaited<ReturnType<typeof start>> | undefined
  before(async () => {
    server = await start()
  })
  after(() => server?.end())
  return () => {
    if (!server) throw new Error('the server runs while the tests of this file do')
    return server.local.endpoint()
  }
}

async function start(): Promise<{ local: LocalClickHouse; end: () => Promise<void> }> {
  const dataDir = await mkdtemp(join(tmpdir(), 'millrace-clickhouse-'))
  const end = async (local?: LocalClickHouse): Promise<void> => {
    await local?.close()
    await rm(dataDir, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 })
  }
  try {
    const local = await openLocalClickHouse(clickHouseOptions(dataDir))
    return { local, end: () => end(local) }
  } catch (error) {
    await end()
    throw error
  }
}
