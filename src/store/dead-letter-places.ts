import type { Database } from './database.ts'

/** Where a message stands in the log. Without a topic any topic will do. */
export interface DeadLetterPlace {
  readonly topic?: string
  readonly partition: number
  readonly offset: number
}

/** Values travel in the request's address, whose length has a limit. */
export const PLACES_PER_STATEMENT = 200

/** So many bytes of messages are read at once, unless one alone has more. */
const BYTES_AT_ONCE = 8 * 2 ** 20
const PLACES_AT_ONCE = 5_000

/** The places of placeParams(), as an array of tuples. */
export const PLACES = 'arrayZip({topics:Array(String)}, {partitions:Array(UInt32)}, {offsets:Array(UInt64)})'

export const AT_PLACES = `(topic, kafka_partition, kafka_offset) IN (SELECT arrayJoin(${PLACES}))`

export function placeParams(places: readonly Required<DeadLetterPlace>[]): Record<string, unknown> {
  return {
    topics: places.map(({ topic }) => topic),
    partitions: places.map(({ partition }) => partition),
    offsets: places.map(({ offset }) => offset),
  }
}

/**
 * The places of the rows that a condition chooses, in their order, in groups whose messages can be held in memory.
 *
 * @param size an expression for the bytes of a row's message
 */
export async function* eachPlace(
  db: Database,
  table: string,
  size: string,
  where: string,
  params: Readonly<Record<string, unknown>>,
): AsyncGenerator<Required<DeadLetterPlace>[], void, undefined> {
  let after: Required<DeadLetterPlace> | undefined
  for (;;) {
    const found: (Required<DeadLetterPlace> & { bytes: number })[] = await db.query(
      `SELECT topic, kafka_partition AS partition, kafka_offset AS offset, ${size} AS bytes FROM ${table} FINAL
       WHERE ${where} ${after ? 'AND (topic, kafka_partition, kafka_offset) > ({afterTopic:String}, {afterPartition:UInt32}, {afterOffset:UInt64})' : ''}
       ORDER BY topic, kafka_partition, kafka_offset LIMIT ${PLACES_AT_ONCE}`,
      {
        params: {
          ...params,
          ...(after && {
            afterTopic: after.topic,
            afterPartition: after.partition,
            afterOffset: after.offset,
          }),
        },
      },
    )
    let group: Required<DeadLetterPlace>[] = []
    let bytes = 0
    for (const place of found) {
      const isFull = group.length >= PLACES_PER_STATEMENT || bytes + place.bytes > BYTES_AT_ONCE
      if (group.length > 0 && isFull) {
        yield group
        group = []
        bytes = 0
      }
      group.push(place)
      bytes += place.bytes
    }
    if (group.length > 0) yield group
    if (found.length < PLACES_AT_ONCE) return
    after = found.at(-1)
  }
}
