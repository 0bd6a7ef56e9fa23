import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { viewIds, viewIdsJson } from '../../src/log/lmdb/view-ids.ts'
import { seeded } from '../helpers/seed.ts'
import { outgoing } from '../send/messages.ts'

test('the ids of page views as JSON are the same, whatever their keys are', (t) => {
  const uuid = fc.uuid().map((id) => Buffer.from(id))
  const almost = fc
    .tuple(fc.uuid(), fc.nat(35), fc.constantFrom('-', 'A', 'g', '"', 'é'))
    .map(([id, at, wrong]) => Buffer.from(`${id.slice(0, at)}${wrong}${id.slice(at + 1)}`))
  const key = fc.oneof(uuid, almost, fc.uint8Array({ maxLength: 40 }), fc.constant(null))
  const message = fc.oneof(
    { weight: 5, arbitrary: key.map((own) => ({ ...outgoing(1), record: { key: own } })) },
    { weight: 1, arbitrary: fc.constant(outgoing(1, { kind: 'repeat' })) },
    {
      weight: 1,
      arbitrary: fc.uuid().map((eventId) =>
        outgoing(1, {
          kind: 'view-once',
          eventId,
          pageId: '/',
          timestampMs: 0,
          durationMs: 0,
          isBounce: false,
        }),
      ),
    },
  )
  fc.assert(
    fc.property(fc.array(message), (messages) => {
      assert.deepEqual(JSON.parse(viewIdsJson(messages, 'topic').toString()), viewIds(messages, 'topic'))
    }),
    seeded(t, 500),
  )
})
