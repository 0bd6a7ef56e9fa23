import { isRefusal } from './errors.ts'
import type { PartitionProducer } from './produce-request.ts'

/**
 * Whether a send that failed may have put records into the log all the same.
 *
 * The brokers cannot tell a repeat by it: after any failure the client begins a new session, with another producer id and sequence
 * numbers from 0, so our next attempt is a new message to them. Asking the client to try again itself would not end that: its attempts are
 * bounded too, and it begins a new session when they or their order fail.
 *
 * @param partitions how many partitions the send was for
 */
export function mayBeWritten(error: unknown, partitions: number): boolean {
  // What the client knows of partitions that took their part. It is missing when nothing was asked of a broker yet: no broker
  // answered for the leaders, or for a producer id.
  if (!(error instanceof Error) || !('produced' in error)) return false
  // What cannot be taken was not taken. Of several partitions, the others may have taken theirs. No other answer is certain: a
  // leader that loses its place while it waits for the replicas says that it is none, and its successor has the records.
  return partitions > 1 || !isRefusal(error)
}

/**
 * Counts the sessions of a producer. Within a send the client begins a new one by itself when a broker finds sequence numbers out of
 * order, and sends all of it again, also to partitions that had taken their part.
 *
 * @returns what asks for the number until now
 */
export function countSessions(producer: PartitionProducer): () => number {
  let sessions = 0
  const begin = producer.initIdempotentProducer.bind(producer) as (...args: unknown[]) => unknown
  const counted = (...args: unknown[]): unknown => {
    sessions += 1
    return begin(...args)
  }
  producer.initIdempotentProducer = counted as typeof producer.initIdempotentProducer
  return () => sessions
}
