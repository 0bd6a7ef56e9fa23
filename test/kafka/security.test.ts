import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { MillraceError } from '../../src/errors.ts'
import { openKafkaLog } from '../../src/log/kafka/open.ts'
import type { KafkaLogOptions, SaslOptions } from '../../src/log/kafka/options.ts'
import { canRunKafka } from '../helpers/kafka.ts'
import { forbid, PASSWORD, type SecuredKafka, sharedSecuredKafka, USER } from '../helpers/kafka-security.ts'
import { run, temporaryDirectory } from '../helpers/program.ts'
import { System } from '../helpers/system.ts'
import { eventually } from '../helpers/wait.ts'
import { fetchCount, record } from '../log/contract.ts'

/** What is wrong as a password and as a token, and must not be seen anywhere. */
const SECRET = 'not-the-Secret-4711'

type Opened = Awaited<ReturnType<typeof openKafkaLog>>

/** Ends a program that goes on, which it must not; it measures nothing. */
const HANGS_MS = 30_000

/** A token that nobody signed. */
function token(endsInSeconds: number): string {
  const now = Math.floor(Date.now() / 1_000)
  const parts = [{ alg: 'none' }, { sub: USER, iat: now - 120, exp: now + endsInSeconds }]
  return `${parts.map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.')}.`
}

async function appendsAndReads(t: TestContext, options: Omit<KafkaLogOptions, 'topic'>): Promise<void> {
  const warnings: string[] = []
  const warned = (warning: Error): void => void warnings.push(warning.message)
  process.on('warning', warned)
  t.after(() => process.off('warning', warned))
  const { log, close } = await openKafkaLog({ ...options, topic: `t-${randomUUID()}`, partitions: 2 })
  t.after(close)
  const writer = await log.writer()
  await writer.append([record(0, 'one', 'k1'), record(1, 'two', 'k2')])
  const got = await fetchCount(await log.reader('g'), 2)
  assert.deepEqual(got.map(({ value }) => value!.toString()).sort(), ['one', 'two'])
  assert.deepEqual(warnings, [])
}

if (canRunKafka()) {
  const kafka = sharedSecuredKafka()
  const ca = (): Promise<string> => readFile(kafka().authority.cert, 'utf8')

  test('TLS with an authority of our own', async (t) => {
    await appendsAndReads(t, { brokers: [kafka().tls], tls: { ca: await ca() } })
  })

  test('TLS where the broker asks for a certificate', async (t) => {
    const { mutual, client } = kafka()
    const [cert, key] = await Promise.all([readFile(client.cert, 'utf8'), readFile(client.key, 'utf8')])
    await appendsAndReads(t, { brokers: [mutual], tls: { ca: await ca(), cert, key } })
  })

  const logins: readonly SaslOptions[] = [
    { mechanism: 'PLAIN', username: USER, password: PASSWORD },
    { mechanism: 'SCRAM-SHA-256', username: USER, password: PASSWORD },
    { mechanism: 'SCRAM-SHA-512', username: USER, password: PASSWORD },
    { mechanism: 'OAUTHBEARER', username: '', password: token(3_600) },
  ]
  for (const sasl of logins) {
    test(`${sasl.mechanism} over TLS`, async (t) => {
      await appendsAndReads(t, { brokers: [kafka().saslTls], tls: { ca: await ca() }, sasl })
    })
  }

  test('PLAIN without TLS', async (t) => {
    await appendsAndReads(t, { brokers: [kafka().sasl], sasl: logins[0]! })
  })

  interface Wrong {
    readonly what: string
    readonly command?: 'producer' | 'consumer'
    readonly settings: (kafka: SecuredKafka) => Readonly<Record<string, string>>
    /** The setting to look at. */
    readonly names: RegExp
  }

  const tls = ({ authority }: SecuredKafka): Record<string, string> => ({
    MILLRACE_KAFKA_TLS: 'on',
    MILLRACE_KAFKA_TLS_CA: authority.cert,
  })
  const login = (mechanism: string, password = SECRET): Record<string, string> => ({
    MILLRACE_KAFKA_SASL_MECHANISM: mechanism,
    MILLRACE_KAFKA_SASL_USERNAME: USER,
    MILLRACE_KAFKA_SASL_PASSWORD: password,
  })
  const wrong: readonly Wrong[] = [
    ...(['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512', 'OAUTHBEARER'] as const).map((mechanism) => ({
      what: `a wrong secret for ${mechanism}`,
      settings: (kafka: SecuredKafka) => ({
        MILLRACE_KAFKA_BROKERS: kafka.saslTls,
        ...tls(kafka),
        ...login(mechanism),
      }),
      names: /MILLRACE_KAFKA_SASL_PASSWORD/,
    })),
    {
      what: 'a wrong password of the consumer',
      command: 'consumer',
      settings: (kafka) => ({ MILLRACE_KAFKA_BROKERS: kafka.sasl, ...login('PLAIN') }),
      names: /MILLRACE_KAFKA_SASL_PASSWORD/,
    },
    {
      what: 'a token that is out of date',
      settings: ({ sasl }) => ({ MILLRACE_KAFKA_BROKERS: sasl, ...login('OAUTHBEARER', token(-60)) }),
      names: /MILLRACE_KAFKA_SASL_PASSWORD/,
    },
    {
      what: 'a mechanism that the broker does not offer',
      settings: ({ sasl }) => ({ MILLRACE_KAFKA_BROKERS: sasl, ...login('SCRAM-SHA-512') }),
      names: /MILLRACE_KAFKA_SASL_MECHANISM/,
    },
    {
      what: 'an authority that did not sign the certificate',
      settings: (kafka) => ({
        MILLRACE_KAFKA_BROKERS: kafka.tls,
        ...tls(kafka),
        MILLRACE_KAFKA_TLS_CA: kafka.stranger.cert,
      }),
      names: /MILLRACE_KAFKA_TLS_CA/,
    },
    {
      what: 'a certificate for another host',
      settings: (kafka) => ({ MILLRACE_KAFKA_BROKERS: kafka.otherHost, ...tls(kafka) }),
      names: /MILLRACE_KAFKA_BROKERS/,
    },
    {
      what: 'no certificate of ours where the broker asks for one',
      settings: (kafka) => ({ MILLRACE_KAFKA_BROKERS: kafka.mutual, ...tls(kafka) }),
      names: /MILLRACE_KAFKA_TLS_CERT and MILLRACE_KAFKA_TLS_KEY/,
    },
    {
      what: 'no TLS where the broker speaks it',
      settings: (kafka) => ({ MILLRACE_KAFKA_BROKERS: kafka.tls }),
      names: /MILLRACE_KAFKA_TLS/,
    },
    {
      what: 'TLS where the broker does not speak it',
      settings: (kafka) => ({ MILLRACE_KAFKA_BROKERS: kafka.plain, ...tls(kafka) }),
      names: /MILLRACE_KAFKA_TLS/,
    },
  ]
  test('doctor with a wrong password: it names the setting, and shows no secret', async (t) => {
    const directory = await temporaryDirectory(t)
    const settings = { MILLRACE_KAFKA_BROKERS: kafka().saslTls, ...tls(kafka()) }
    const ended = await run(['doctor'], { MILLRACE_DATA_DIR: directory, ...settings, ...login('PLAIN') })
    assert.equal(ended.status, 1, ended.stderr)
    assert.match(ended.stdout, /^fail +brokers .*MILLRACE_KAFKA_SASL_PASSWORD/m)
    assert.ok(!`${ended.stdout}${ended.stderr}`.includes(SECRET))
    const right = { ...settings, ...login('PLAIN', PASSWORD) }
    const well = await run(['doctor', '--json'], { MILLRACE_DATA_DIR: directory, ...right })
    const { findings } = JSON.parse(well.stdout) as { findings: { name: string; state: string }[] }
    for (const name of ['brokers', 'topic']) {
      assert.equal(findings.find((each) => each.name === name)?.state, 'ok', well.stdout)
    }
  })

  for (const { what, command = 'producer', settings, names } of wrong) {
    test(`${what}: one clear line, and the end`, async (t) => {
      const given = settings(kafka())
      const system = await System.create(t, { MILLRACE_CLICKHOUSE_URL: 'http://127.0.0.1:1', ...given })
      const program = system.start(command)
      const timer = setTimeout(() => program.child.kill('SIGKILL'), HANGS_MS)
      const { status, stdout, stderr } = await program.ended
      clearTimeout(timer)
      const output = stdout + stderr
      assert.equal(status, 4, output)
      assert.equal(stderr.match(/^millrace: /gm)?.length, 1, output)
      assert.match(stderr, /^millrace: Kafka: .*\n {2}.*$/m)
      assert.match(stderr, names)
      assert.doesNotMatch(output, /The event log is away|Warning|should not have happened/)
      const secret = given.MILLRACE_KAFKA_SASL_PASSWORD
      if (secret) assert.ok(!output.includes(secret), 'the secret is in the output')
    })
  }

  test('a user who may not make the topic is told how it is made', async (t) => {
    await forbid(kafka(), 'CLUSTER', 'kafka-cluster', 'CREATE')
    await forbid(kafka(), 'TOPIC', 'locked', 'CREATE')
    const { sasl } = kafka()
    const system = await System.create(t, {
      MILLRACE_KAFKA_BROKERS: sasl,
      MILLRACE_KAFKA_TOPIC: 'locked',
      MILLRACE_KAFKA_REPLICAS: '1',
      ...login('PLAIN', PASSWORD),
    })
    const { status, stderr } = await system.start('producer').ended
    assert.equal(status, 4, stderr)
    assert.match(stderr, /^millrace: Kafka: there is no topic locked, and this user may not make it\n/m)
    assert.ok(
      stderr.includes(
        `kafka-topics --bootstrap-server ${sasl} --create --topic locked --partitions 6 --replication-factor 1`,
      ),
      stderr,
    )
  })

  const forbidden = [
    ['TOPIC', 'WRITE', async ({ log }: Opened) => (await log.writer()).append([record(0, 'one')])],
    ['TOPIC', 'READ', async ({ log }: Opened) => fetchCount(await log.reader('g'), 1)],
    ['GROUP', 'READ', async ({ log }: Opened) => fetchCount(await log.reader('unwelcome'), 1)],
  ] as const
  for (const [resource, operation, use] of forbidden) {
    test(`a user without the right to ${operation} the ${resource} is told so`, async (t) => {
      const topic = `t-${randomUUID()}`
      const made = await openKafkaLog({ brokers: [kafka().plain], topic, partitions: 1 })
      t.after(made.close)
      await (await made.log.writer()).append([record(0, 'before')])
      await forbid(kafka(), resource, resource === 'GROUP' ? 'unwelcome' : topic, operation)
      const opened = await openKafkaLog({ brokers: [kafka().sasl], topic, sasl: logins[0]! })
      t.after(opened.close)
      await assert.rejects(Promise.resolve(use(opened)), (error: unknown) => {
        assert.ok(error instanceof MillraceError, String(error))
        assert.equal(error.code, 'log_refused')
        assert.match(error.hint ?? '', /Grant the user .* this right/)
        return true
      })
    })
  }

  test('no login where the broker asks for one: it is said what may be wrong, at growing pauses', async (t) => {
    // The broker closes the connection without a word, as one does that ends: it may heal.
    const program = (await System.create(t, { MILLRACE_KAFKA_BROKERS: kafka().sasl })).start('producer')
    await eventually('a second try', () => program.stderr.includes('again in 1s'))
    assert.match(program.stderr, /Connection closed.*MILLRACE_KAFKA_SASL_MECHANISM/)
    await program.interrupt()
  })

  test('a password in a file works, and config does not show it', async (t) => {
    const { sasl, directory } = kafka()
    const file = join(directory, 'password')
    await writeFile(file, `${PASSWORD}\n`)
    const { MILLRACE_KAFKA_SASL_PASSWORD: _, ...user } = login('PLAIN')
    const system = await System.create(t, {
      MILLRACE_KAFKA_BROKERS: sasl,
      MILLRACE_KAFKA_SASL_PASSWORD_FILE: file,
      ...user,
    })
    const shown = await system.run('config')
    assert.equal(shown.status, 0, shown.stderr)
    assert.match(shown.stdout, /MILLRACE_KAFKA_SASL_PASSWORD/)
    assert.ok(!(shown.stdout + shown.stderr).includes(PASSWORD))
    const producer = system.start('producer')
    await eventually('the producer to answer', async () => {
      assert.ok(producer.running, producer.stderr)
      return (await fetch(`${system.producerUrl}/health`)).ok
    })
    const { stdout, stderr } = await producer.interrupt()
    assert.ok(!(stdout + stderr).includes(PASSWORD))
  })
}
