import { Consumer } from '../../src/consumer/consumer.ts'
import { Retrier } from '../../src/consumer/retry.ts'
import type { EventLog } from '../../src/log/port.ts'
import type { Store } from '../../src/store/port.ts'
import { eventually } from '../helpers/wait.ts'

/** Consumes all that the log holds, and stops. */
export async function consumeAll(
  log: EventLog,
  store: Store,
  nowMs: number,
  onFlushed: () => void = () => {},
): Promise<void> {
  const consumer = new Consumer({
    reader: await log.reader('hostile'),
    store,
    retrier: new Retrier({ giveUp: new AbortController().signal, now: () => nowMs, random: () => 0 }),
    topic: log.topic,
    maxAgeMs: 29 * 86_400_000,
    maxFutureMs: 300_000,
    mode: 'hybrid',
    maxMessages: 5_000,
    intervalMs: 100,
    now: () => nowMs,
    monotonic: () => performance.now(),
    onFlushed,
  })
  const stop = new AbortController()
  const running = consumer.run(stop.signal)
  const read = eventually(
    'everything to be committed',
    async () => {
      const positions = await log.committed('hostile')
      const committed = new Map(positions.map(({ partition, offset }) => [partition, offset]))
      return (await log.bounds()).every(({ partition, end }) => (committed.get(partition) ?? 0) === end)
    },
    110_000,
  )
  try {
    await Promise.race([read, running])
  } finally {
    stop.abort()
    await running
  }
}
