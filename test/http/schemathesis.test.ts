import assert from 'node:assert/strict'
import { test } from 'node:test'
import { asManyClients } from '../helpers/many-clients.ts'
import { temporaryDirectory } from '../helpers/program.ts'
import { checkByDocument, whyNoSchemathesis } from '../helpers/schemathesis.ts'
import { System } from '../helpers/system.ts'
import { eventually } from '../helpers/wait.ts'

const MESSAGES = 300

const reason = whyNoSchemathesis()
const mustRun = process.env.CI === 'true'
if (reason !== undefined && !mustRun) process.stderr.write(`\nNOT TESTED: ${reason}.\n\n`)

test('what is asked by the OpenAPI documents, right or wrong, is answered as they say', {
  skip: mustRun ? false : (reason ?? false),
}, async (t) => {
  assert.equal(reason, undefined)
  const system = await System.create(t, { MILLRACE_GENERATE: 'off', MILLRACE_INVALID: '0.3' })
  await system.up()
  // Something to ask for: pages, and dead letters of every kind.
  await system.post(`${system.producerUrl}/generate/burst?count=${MESSAGES}`)
  await eventually('the messages to be counted', async () => {
    const { processed } = await system.consumerStatus()
    return processed === MESSAGES
  })
  const reports = await temporaryDirectory(t)
  const urls = [system.producerUrl, system.consumerUrl]
  const ways = await Promise.all(urls.map((url) => asManyClients(t, url)))
  const checked = await Promise.all(ways.map((url) => checkByDocument(url, reports)))
  for (const [i, { status, output, report }] of checked.entries()) {
    assert.equal(status, 0, output)
    assert.ok(report.complete && report.test_cases.errored === 0, output)
    const { paths } = await system.get(`${urls[i]}/openapi.json`)
    assert.equal(report.operations.total, Object.values(paths as object).flatMap(Object.keys).length)
    assert.equal(report.operations.tested, report.operations.selected)
    // Right and wrong ones for each, beside those by methods that it does not take.
    assert.ok(report.test_cases.generated > 10 * report.operations.tested, output)
    t.diagnostic(`${report.test_cases.generated} requests to ${report.operations.tested} operations`)
  }
  for (const url of urls) assert.equal((await fetch(`${url}/health`)).status, 200)
})
