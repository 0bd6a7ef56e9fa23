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
 */
export function guardConnections(pool: ConnectionPool): void {
  pool.on('connecting', ({ connection }: { broker: Broker; connection: NodeJS.EventEmitter }) => {
    connection.on('error', () => undefined)
  })
}
