import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createConfig, lintFromString } from '@redocly/openapi-core'
import { System } from '../helpers/system.ts'
import { eventually } from '../helpers/wait.ts'

test("both services' OpenAPI documents keep the rules of a linter, and /docs shows them without a network", async (t) => {
  const system = await System.create(t, { MILLRACE_GENERATE: 'off' })
  await system.up()
  for (const url of [system.producerUrl, system.consumerUrl]) {
    const source = await (await fetch(`${url}/openapi.json`)).text()
    assert.ok(Object.keys(JSON.parse(source).paths).length > 5)
    const config = await createConfig({
      extends: ['recommended'],
      // Every error has one form, which the `default` answer describes.
      rules: { 'operation-4xx-response': 'off' },
    })
    const problems = await lintFromString({ source, absoluteRef: '/openapi.json', config })
    assert.deepEqual(
      problems.map(({ ruleId, message, location }) => `${ruleId}: ${message} ${location[0]?.pointer}`),
      [],
    )

    const page = await fetch(`${url}/docs`)
    assert.equal(page.status, 200)
    const html = await page.text()
    const files = [...html.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, path]) => new URL(path!, page.url))
    assert.ok(files.length > 2)
    for (const file of files) {
      assert.equal(file.origin, url, `${file} lies elsewhere`)
      assert.equal((await fetch(file)).status, 200, file.href)
    }
  }
})

test('/docs keeps the rules of access: the token where there is one', async (t) => {
  const system = await System.create(t, {
    MILLRACE_GENERATE: 'off',
    MILLRACE_API_TOKEN: 'a-token-for-the-test',
  })
  system.start('producer')
  const url = `${system.producerUrl}/docs`
  await eventually('the producer to answer', async () => (await fetch(url)).status === 401)
  const response = await fetch(url, { headers: { authorization: 'Bearer a-token-for-the-test' } })
  assert.equal(response.status, 200)
})
