import type { Config } from '../../config/config.ts'
import type { TelemetrySettings } from '../../config/telemetry.ts'
import { MillraceError } from '../../errors.ts'
import { startHttpServer } from '../../http/server.ts'
import { listen } from '../../observe/events.ts'
import type { Logger } from '../../observe/logger.ts'
import { producerMetrics } from '../../observe/metrics.ts'
import { addServiceGauges } from '../../observe/service-gauges.ts'
import { logStatistics } from '../../observe/statistics.ts'
import { duration } from '../../observe/words.ts'
import { beginAllYoung } from '../../process/collector.ts'
import { countProducer } from '../../producer/counters.ts'
import { Generator, type Shares } from '../../producer/generator/generator.ts'
import { Pacer } from '../../producer/generator/modes.ts'
import { Producer } from '../../producer/producer.ts'
import { producerRoutes } from '../../producer/routes.ts'
import { producerSentence } from '../../producer/statistics.ts'
import { healthOf, type ProducerState, statusOf } from '../../producer/status.ts'
import { Random } from '../../random.ts'
import { Delivery } from '../../send/delivery.ts'
import { Dispatcher } from '../../send/dispatcher.ts'
import { FailedEvents, failedEventsDirectory } from '../../send/failed-events.ts'
import { Partitioner } from '../../send/partitioning.ts'
import { VERSION } from '../../version.ts'
import { awaitEventLog } from '../compose.ts'
import { aborted } from '../signals.ts'
import { openTelemetry } from '../telemetry.ts'
import { openWriter } from '../writer.ts'

/** What is left of the ten seconds of a shutdown for retries; what fails then goes to the failed-events file. */
const RETRIES_END_AFTER_MS = 5_000

/** A line about dropped events is written once in so many milliseconds at most. */
const DROP_LINE_EVERY_MS = 1_000

/**
 * Runs the producer until the signal aborts: generator, sending, HTTP.
 *
 * @param options.telemetry what is sent to others
 * @param options.onReady told where it answers
 */
export async function runProducer(
  config: Config,
  logger: Logger,
  signal: AbortSignal,
  options: { telemetry: TelemetrySettings; onReady: (url: string) => void },
): Promise<void> {
  beginAllYoung()
  await using ending = new AsyncDisposableStack()
  const { log, ledger, close } = await awaitEventLog(config, logger, signal)
  ending.defer(close)

  const seed = config.seed === 0 ? new Random(Date.now()).below(2 ** 31 - 1) + 1 : config.seed
  const random = new Random(seed + 3)
  const failedEvents = new FailedEvents({
    directory: failedEventsDirectory(config.dataDir),
    logger,
    now: Date.now,
  })
  ending.defer(() => failedEvents.close())
  const giveUp = new AbortController()
  const writer = await openWriter(log, config, { giveUp: giveUp.signal, random: () => random.next() })
  const delivery = new Delivery({ writer, ledger, failedEvents, monotonic: () => performance.now() })
  const producer = new Producer({
    generator: new Generator({ seed, shares: sharesOf(config) }),
    pacer: new Pacer({
      seed: seed + 1,
      mode: config.mode,
      speedEps: config.speed === 0 ? null : config.speed,
    }),
    partitioner: new Partitioner({
      partitions: log.partitions,
      weights: config.partitioning,
      seed: seed + 2,
    }),
    dispatcher: new Dispatcher({
      delivery,
      weights: config.strategies,
      batch: { size: config.sendBatchSize, intervalMs: config.sendBatchInterval },
      random: () => random.next(),
    }),
    bufferSize: config.bufferSize,
    whenFull: config.bufferFull,
    generate: config.generate,
    now: Date.now,
    monotonic: () => performance.now(),
  })

  const { counts } = countProducer()
  const startedAtMs = Date.now()
  const state = (): ProducerState => ({
    version: VERSION,
    topic: log.topic,
    partitions: log.partitions,
    seed,
    startedAtMs,
    nowMs: Date.now(),
    counts,
    producer,
  })
  logTroubles(logger)
  const metrics = producerMetrics({
    bufferUsed: () => producer.buffer.used,
    bufferSize: () => producer.buffer.size,
    rate: () => producer.rate,
  })
  addServiceGauges(metrics, { healthy: () => healthOf(state()).healthy, dataDir: config.dataDir })
  ending.use(
    await openTelemetry({
      service: 'producer',
      settings: options.telemetry,
      config,
      logger,
      metrics,
      signal,
    }),
  )
  const server = await startHttpServer({
    name: 'producer',
    host: config.host,
    port: config.producerPort,
    portSetting: 'MILLRACE_PRODUCER_PORT',
    token: config.apiToken,
    insecure: config.insecure,
    logger,
    health: () => healthOf(state()),
    metrics: () => metrics.text(),
    routes: (app) => producerRoutes(app, { producer, status: () => statusOf(state()) }),
  })
  ending.use(server)
  ending.defer(
    logStatistics({
      logger,
      intervalMs: config.statsInterval,
      total: () => counts.sent,
      sentence: (before, seconds) => producerSentence(state(), before, seconds),
    }),
  )

  producer.start()
  const pace = config.generate ? `mode ${producer.mode}` : 'generator stopped'
  logger.info({ url: server.url, seed }, `The producer answers at ${server.url}, ${pace}`)
  options.onReady(server.url)
  await aborted(signal)

  logger.info('The producer stops: sending what waits')
  const giveUpTimer = setTimeout(() => giveUp.abort(), RETRIES_END_AFTER_MS)
  await producer.stop()
  clearTimeout(giveUpTimer)
  logger.info(producerSentence(state(), counts.sent, 1))
}

/** Lines for what went wrong, of each kind one now and then. */
function logTroubles(logger: Logger): void {
  let droppedSince = 0
  let lineAt = Number.NEGATIVE_INFINITY
  listen('producer:dropped', ({ events }) => {
    droppedSince += events
    if (performance.now() - lineAt < DROP_LINE_EVERY_MS) return
    logger.warn({ dropped: droppedSince }, 'Event channel full, dropping event')
    droppedSince = 0
    lineAt = performance.now()
  })
  listen('producer:retried', ({ records, attempt, pauseMs, message }) => {
    logger.warn(
      `Sending ${records} messages failed, attempt ${attempt}, again in ${duration(pauseMs)}: ${message}`,
    )
  })
  listen('log:expired', ({ records }) => {
    logger.info(
      `The event log forgot its ${records} oldest records (MILLRACE_LOG_RETENTION, MILLRACE_LOG_RETENTION_BYTES)`,
    )
  })
}

/** @throws MillraceError `invalid_setting` */
export function sharesOf({ bounces, invalid, repeats }: Config): Shares {
  if (bounces + invalid <= 1) return { bounces, invalid, repeats }
  throw new MillraceError(
    'invalid_setting',
    `MILLRACE_BOUNCES ${bounces} and MILLRACE_INVALID ${invalid} are not allowed: together 1 at most`,
  )
}
