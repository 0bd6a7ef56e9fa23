import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { test } from 'node:test'
import { consumerMetrics, producerMetrics } from '../../src/observe/metrics.ts'
import { addServiceGauges } from '../../src/observe/service-gauges.ts'

const ROOT = resolve(import.meta.dirname, '../..')
const PAGE = readFileSync(resolve(ROOT, 'docs/operations.md'), 'utf8')

test('every metric of both services is explained in docs/operations.md', async () => {
  const zero = (): number => 0
  const services = [
    producerMetrics({ bufferUsed: zero, bufferSize: zero, rate: zero }),
    consumerMetrics({
      lagMessages: zero,
      partitionLags: () => [],
      lagSeconds: zero,
      freshnessSeconds: zero,
      staleWindows: zero,
      storeAwaySeconds: zero,
      logAwaySeconds: zero,
    }),
  ]
  for (const metrics of services) {
    addServiceGauges(metrics, { healthy: () => true, dataDir: ROOT })
    const { body } = await metrics.text()
    const names = Array.from(body.matchAll(/^# TYPE (\S+)/gm), ([, name]) => name!)
    assert.ok(names.includes('millrace_service_healthy'))
    for (const name of names) assert.ok(PAGE.includes(`\`${name}\``), name)
  }
})

test('every row of the table of guarantees names tests that are there, or says that there is none', () => {
  const [, table] = PAGE.split('## Guarantees under each fault')
  const rows = table!.split('\n').filter((line) => line.startsWith('| '))
  assert.ok(rows.length > 10)
  for (const row of rows.slice(2)) {
    const shownBy = row.split('|').at(-2)!
    const files = Array.from(shownBy.matchAll(/`(test\/[^`]+)`/g), ([, path]) => path!)
    assert.ok(files.length > 0 || shownBy.includes('not tested'), row)
    for (const [, file, names] of shownBy.matchAll(/`(test\/[^`]+)`((?:: | *, )?(?:"[^"]*"(?:, )?)*)/g)) {
      assert.ok(existsSync(resolve(ROOT, file!)), file)
      const source = readFileSync(resolve(ROOT, file!), 'utf8')
      const tests = Array.from(source.matchAll(/\b(?:test|it)\((['"`])(.*?)\1/g), ([, , name]) => name!)
      const named = Array.from(names!.matchAll(/"([^"]*)"/g), ([, name]) => name!)
      assert.ok(named.length > 0, `${file} is named without a test: ${row}`)
      for (const name of named)
        assert.ok(
          tests.some((each) => each.includes(name)),
          `${file}: ${name}`,
        )
    }
  }
})
