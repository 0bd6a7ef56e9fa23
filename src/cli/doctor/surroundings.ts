import type { Config } from '../../config/config.ts'
import { findStore, inspectBrokers } from '../compose.ts'
import type { Surroundings } from './check.ts'

/** What checks need, each asked for by the first that needs it. It leaves ClickHouse when it is disposed of. */
export function surroundingsOf(config: Config): Surroundings & AsyncDisposable {
  const opened = new AsyncDisposableStack()
  return {
    config,
    store: once(async () => opened.use(await findStore(config))),
    brokers: once(() => inspectBrokers(config)),
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  }
}

function once<T>(ask: () => Promise<T>): () => Promise<T> {
  let asked: Promise<T> | undefined
  return () => {
    asked ??= ask()
    return asked
  }
}
