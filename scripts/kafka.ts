import { homedir } from 'node:os'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { KafkaCluster } from '../test/helpers/kafka-cluster.ts'
import { whyNoKafka } from '../test/helpers/kafka-libs.ts'

/**
 * Runs one Kafka broker for trying Millrace on Kafka where there is Java and no Docker: `npm run kafka`.
 */
const HELP = `Runs one Kafka broker (KRaft) on this machine until Ctrl-C. Needs Java 17 and Maven.

Usage: npm run kafka -- [options]

  --port <port>       where it listens, on 127.0.0.1 (default: 9092)
  --data-dir <path>   where it keeps its data (default: ~/.local/share/millrace-kafka)
  --help              this text

Then, in two other terminals:

  MILLRACE_KAFKA_BROKERS=127.0.0.1:9092 npm run producer
  MILLRACE_KAFKA_BROKERS=127.0.0.1:9092 npm run consumer -- -init-schema
`

function say(text: string): void {
  process.stdout.write(`${text}\n`)
}

function fail(message: string): never {
  process.stderr.write(`${message}\n`)
  process.exit(2)
}

function readOptions(): { port: number; directory: string } {
  try {
    const { values } = parseArgs({
      options: {
        port: { type: 'string', default: '9092' },
        'data-dir': { type: 'string', default: join(homedir(), '.local', 'share', 'millrace-kafka') },
        help: { type: 'boolean', default: false },
      },
    })
    if (values.help) {
      say(HELP)
      process.exit(0)
    }
    const port = Number(values.port)
    if (!Number.isInteger(port) || port < 1 || port > 65_535) {
      return fail(`--port: "${values.port}" is not a port. Give a whole number from 1 to 65535.`)
    }
    return { port, directory: resolve(values['data-dir']) }
  } catch (error) {
    return fail(`${error instanceof Error ? error.message : error}\n\n${HELP}`)
  }
}

const { port, directory } = readOptions()
const reason = whyNoKafka()
if (reason !== undefined) fail(`${reason}.`)

const interrupted = new Promise<void>((done) => {
  process.once('SIGINT', () => done())
  process.once('SIGTERM', () => done())
})
say(`Starting a broker in ${directory} (the first time, Maven fetches 50 MB)`)
const cluster = await KafkaCluster.start({
  version: '4',
  brokers: 1,
  directory,
  port,
  properties: { 'auto.create.topics.enable': 'true' },
}).catch((error: unknown) => fail(error instanceof Error ? error.message : String(error)))
say(`Kafka listens on ${cluster.bootstrap}. Ctrl-C ends it; the data stays.`)
await interrupted
say('Ending the broker')
await cluster.stopBroker(1, 'SIGTERM')
