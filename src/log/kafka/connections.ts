import { type Broker, ConnectionPool } from '@platformatic/kafka'
import { clientOptions, type KafkaLogOptions } from './options.ts'

/** Connections of our own, so that a request that waits for records holds nobody else up: brokers answer in order. */
export function openConnections(options: KafkaLogOptions): ConnectionPool {
  const { clientId, ...connection } = clientOptions(options)
  const pool = new ConnectionPool(clientId, connection)
  guardConnections(pool)
  return pool
}

/**
 * A connection may fail more than once, and the client listens to the first time only; an `error` event that nobody listens to
 * ends the process. What failed is told to the requests under way in any case.
 *
 * @returns what asks for the last failure: a broker that refuses a certificate says so after the handshake, and then the requests
 * hear only that the connection was closed
 */
export function guardConnections(pool: ConnectionPool): () => unknown {
  let last: unknown
  pool.on('connecting', ({ connection }: { broker: Broker; connection: NodeJS.EventEmitter }) => {
    connection.on('error', (error: unknown) => {
      last = error
    })
  })
  return () => last
}
