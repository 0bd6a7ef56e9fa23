import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  AuthenticationError,
  MultipleErrors,
  NetworkError,
  ProtocolError,
  protocolErrors,
  UserError,
} from '@platformatic/kafka'
import { MillraceError } from '../../src/errors.ts'
import { kafkaError, VERDICTS } from '../../src/log/kafka/errors.ts'

const SYSTEM = (code: string): Error => Object.assign(new Error(`connect ${code} 127.0.0.1:9092`), { code })

const CASES: readonly [what: string, error: unknown, code: string, message: RegExp][] = [
  [
    'a broker that is away',
    new NetworkError('failed', { cause: SYSTEM('ECONNREFUSED') }),
    'log_unavailable',
    /ECONNREFUSED/,
  ],
  ['a connection that broke', new NetworkError('Connection closed'), 'log_unavailable', /Connection closed/],
  ['an election', new ProtocolError('LEADER_NOT_AVAILABLE'), 'log_unavailable', /election/],
  ['too few replicas', new ProtocolError('NOT_ENOUGH_REPLICAS'), 'log_unavailable', /./],
  ['a rebalance', new ProtocolError('REBALANCE_IN_PROGRESS'), 'log_unavailable', /./],
  ['a topic nobody knows yet', new UserError('Unknown topic page-views.'), 'log_unavailable', /page-views/],
  ['a lost producer state', new ProtocolError('OUT_OF_ORDER_SEQUENCE_NUMBER'), 'log_unavailable', /./],
  ['a failed disk', new ProtocolError('KAFKA_STORAGE_ERROR'), 'log_full', /[Dd]isk/],
  ['a message too large', new ProtocolError('MESSAGE_TOO_LARGE'), 'log_refused', /./],
  ['a topic we may not write to', new ProtocolError('TOPIC_AUTHORIZATION_FAILED'), 'log_refused', /./],
  ['brokers that want TLS', new UserError('Broker requires TLS.'), 'log_refused', /TLS/],
  [
    'a wrong password, deep inside',
    new MultipleErrors('Cannot connect to any broker.', [
      new NetworkError('Connection to b1:9092 failed.', {
        cause: new AuthenticationError('SASL authentication failed.'),
      }),
    ]),
    'log_refused',
    /SASL authentication failed/,
  ],
  [
    'a certificate nobody signed',
    new NetworkError('failed', { cause: SYSTEM('DEPTH_ZERO_SELF_SIGNED_CERT') }),
    'log_refused',
    /SELF_SIGNED/,
  ],
  ...[
    'ERR_SSL_SSL/TLS_ALERT_BAD_CERTIFICATE',
    'ERR_SSL_SSLV3_ALERT_BAD_CERTIFICATE',
    'ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED',
    'ERR_SSL_TLSV1_ALERT_UNKNOWN_CA',
  ].map((alert): (typeof CASES)[number] => [
    `a certificate of ours that is not there, told as ${alert}`,
    new NetworkError('Connection error', { cause: SYSTEM(alert) }),
    'log_refused',
    /: the broker refuses this client's TLS: [a-z ]+$/,
  ]),
  [
    'a broker that ends in the midst of TLS',
    new NetworkError('Connection error', { cause: SYSTEM('ECONNRESET') }),
    'log_unavailable',
    /ECONNRESET/,
  ],
  [
    'one broker away and one that refuses',
    new MultipleErrors('failed', [
      new NetworkError('away'),
      new ProtocolError('CLUSTER_AUTHORIZATION_FAILED'),
    ]),
    'log_refused',
    /away/,
  ],
]

for (const [what, error, code, message] of CASES) {
  test(`${what} is ${code}`, () => {
    const ours = kafkaError(error, 'doing something')
    assert.ok(ours instanceof MillraceError)
    assert.equal(ours.code, code)
    assert.match(ours.message, /^Kafka: doing something: /)
    assert.match(ours.message, message)
    assert.equal(ours.cause, error)
  })
}

test('an error that is not of the client stays what it is', () => {
  const error = new TypeError('a mistake of ours')
  assert.equal(kafkaError(error, 'doing something'), error)
})

test('every name of the table is one of Kafka, of the client, of Node or of the system', () => {
  for (const name of Object.keys(VERDICTS)) {
    assert.ok(
      Object.hasOwn(protocolErrors, name) || /^(PLT_KFK_|ERR_|E[A-Z]+$|.*_CERT|CERT_|UNABLE_TO_)/.test(name),
      name,
    )
  }
})
