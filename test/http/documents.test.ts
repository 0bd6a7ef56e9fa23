import assert from 'node:assert/strict'
import { test } from 'node:test'
import { controlRoutes } from '../../src/dashboard/control-routes.ts'
import { deadLetterRoutes } from '../../src/dead-letters/routes.ts'
import { ask, startService } from './service.ts'

/** Found by schemathesis. Nothing is asked but the document, so the routes need nothing behind them. */
const routes = (app: Parameters<typeof controlRoutes>[0]): void => {
  controlRoutes(app, {} as never)
  deadLetterRoutes(app, {} as never)
}

test('errors are documented as JSON, also where the answer is something else', async (t) => {
  const { url } = await startService(t, { routes })
  const { paths } = (await ask(`${url}/openapi.json`)).json
  const { 200: answer, default: refusal } = paths['/dead-letters/export'].get.responses
  assert.deepEqual(Object.keys(answer.content), ['application/x-ndjson'])
  assert.deepEqual(Object.keys(refusal.content), ['application/json'])
  assert.deepEqual(Object.keys(paths['/metrics'].get.responses[200].content), ['text/plain'])

  const refused = await ask(`${url}/dead-letters/export?colour=red`)
  assert.equal(refused.status, 400)
  assert.match(refused.headers['content-type']!, /^application\/json/)
})

test('an answer that is passed on is documented as an answer, and not as an error', async (t) => {
  const { url } = await startService(t, { routes })
  const { paths } = (await ask(`${url}/openapi.json`)).json
  const { 200: answer, default: refusal } = paths['/control/pause'].post.responses
  assert.equal(answer.content['application/json'].schema.type, 'object')
  assert.ok(!('required' in answer.content['application/json'].schema))
  assert.deepEqual(refusal.content['application/json'].schema.required, ['error'])
})

test('what is too long for an address is documented in the body only', async (t) => {
  const { url } = await startService(t, { routes })
  const { paths } = (await ask(`${url}/openapi.json`)).json
  const { parameters, requestBody } = paths['/dead-letters/fix'].post
  const inQuery = parameters.map(({ name }: { name: string }) => name)
  const inBody = Object.keys(requestBody.content['application/json'].schema.properties)
  assert.ok(inQuery.includes('offset') && !inQuery.includes('message'), inQuery)
  assert.ok(inBody.includes('offset') && inBody.includes('message'), inBody.join())
})
