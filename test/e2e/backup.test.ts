import { cp } from 'node:fs/promises'
import { test } from 'node:test'
import { System } from '../helpers/system.ts'
import { eventually } from '../helpers/wait.ts'

test('a copy of the data directory, made while all was stopped, is the whole system', async (t) => {
  const system = await System.create(t, { MILLRACE_SPEED: '500' })
  const program = await system.up()
  await eventually('events to flow', async () => (await system.consumerStatus()).valid > 1_000)
  await program.interrupt()

  const restored = await System.create(t, { MILLRACE_GENERATE: 'off' })
  await cp(system.dataDir, restored.dataDir, { recursive: true })
  await restored.up()
  await restored.verifyAgrees()
  const asked = 'SELECT count() > 1000 AS all FROM page_views'
  const [row] = await restored.sql(asked)
  if (String(row!.all) !== '1' && row!.all !== true) throw new Error(`${asked}: ${JSON.stringify(row)}`)
})
