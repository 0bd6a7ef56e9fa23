import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MultipleErrors, NetworkError, ProtocolError, UserError } from '@platformatic/kafka'
import { mayBeWritten } from '../../src/log/kafka/doubt.ts'

/** As the client throws when it has asked a broker to write: with what it knows of those that did. */
function ofSend(error: Error): Error {
  return Object.assign(new MultipleErrors('Producing messages failed.', [error]), { produced: {} })
}

const CLOSED = new NetworkError('Connection closed')
const TOO_LARGE = new ProtocolError('MESSAGE_TOO_LARGE')

const CASES: readonly [what: string, error: unknown, partitions: number, mayBeWritten: boolean][] = [
  ['no broker answers for the leaders', CLOSED, 1, false],
  ['the topic is not known yet', new UserError('Unknown topic page-views.'), 3, false],
  ['the connection broke while a broker had it', ofSend(CLOSED), 1, true],
  [
    'a leader lost its place, perhaps behind the write',
    ofSend(new ProtocolError('NOT_LEADER_OR_FOLLOWER')),
    1,
    true,
  ],
  ['the replicas did not follow in time', ofSend(new ProtocolError('REQUEST_TIMED_OUT')), 1, true],
  [
    'too few replicas, behind the write',
    ofSend(new ProtocolError('NOT_ENOUGH_REPLICAS_AFTER_APPEND')),
    1,
    true,
  ],
  ['the only partition does not take it', ofSend(TOO_LARGE), 1, false],
  ['one partition does not take it, others may have', ofSend(TOO_LARGE), 2, true],
]

for (const [what, error, partitions, expected] of CASES) {
  test(`${what}: ${expected ? 'it may be written' : 'nothing is written'}`, () => {
    assert.equal(mayBeWritten(error, partitions), expected)
  })
}
