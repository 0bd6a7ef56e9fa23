import type { Config } from '../../config/config.ts'
import type { TelemetrySettings } from '../../config/telemetry.ts'
import { Backlog } from '../../consumer/backlog.ts'
import { Consumer } from '../../consumer/consumer.ts'
import { countConsumer } from '../../consumer/counters.ts'
import { gapSentence } from '../../consumer/gap.ts'
import { LagMeter, readLag } from '../../consumer/lag.ts'
import { Retrier } from '../../consumer/retry.ts'
import { consumerRoutes } from '../../consumer/routes.ts'
import { consumerSentence } from '../../consumer/statistics.ts'
import { type ConsumerState, healthOf, statusOf } from '../../consumer/status.ts'
import { VisibleLatency } from '../../consumer/visible-latency.ts'
import { producerUrlOf } from '../../dashboard/producer-url.ts'
import { dashboardRoutes } from '../../dashboard/routes.ts'
import { deadLetterRoutes } from '../../dead-letters/routes.ts'
import { maxEventAge } from '../../event/max-age.ts'
import { startHttpServer } from '../../http/server.ts'
import { SharedAnswers } from '../../http/shared-answers.ts'
import { lostIn } from '../../log/port.ts'
import { listen } from '../../observe/events.ts'
import type { Logger } from '../../observe/logger.ts'
import { consumerMetrics } from '../../observe/metrics.ts'
import { addServiceGauges } from '../../observe/service-gauges.ts'
import { logStatistics } from '../../observe/statistics.ts'
import { duration } from '../../observe/words.ts'
import { countBuffersAsObjects } from '../../process/collector.ts'
import { Days } from '../../rollup/days.ts'
import { DaysLoop } from '../../rollup/days-loop.ts'
import { RollUpLoop } from '../../rollup/loop.ts'
import { RollUp } from '../../rollup/rollup.ts'
import { windowToMark } from '../../rollup/source.ts'
import { checkMayWrite, checkVersion } from '../../store/access.ts'
import { type AggregatesAnswer, queryAggregates, windowsOf } from '../../store/aggregates.ts'
import { ClickHouseStore } from '../../store/clickhouse-store.ts'
import { checkSchema, migrate } from '../../store/migrate.ts'
import { applyRetention } from '../../store/retention.ts'
import { Audits } from '../../verify/audits.ts'
import { LastVerdict } from '../../verify/last-verdict.ts'
import { verifyRoutes } from '../../verify/routes.ts'
import { verdictOf } from '../../verify/verdict.ts'
import { verify } from '../../verify/verify.ts'
import { VERSION } from '../../version.ts'
import { awaitEventLog, openStore } from '../compose.ts'
import { aborted } from '../signals.ts'
import { openTelemetry } from '../telemetry.ts'
import { deadLettersOf } from './dead-letters.ts'

/** Questions about long spans are shared for a while, and for a while longer while a new answer is computed; `fresh_as_of` says of when an answer is. */
const SLOW_ANSWERS = { keepMs: 0, slowMs: 100, longestMs: 10_000, staleTimes: 2 }

/** How long an audit waits without progress for what is on its way. */
const AUDIT_PATIENCE_MS = 30_000

/** What is left of the ten seconds of a shutdown for the last flush. What it does not write comes again from the log. */
const GIVE_UP_AFTER_MS = 8_000

/**
 * Runs the consumer until the signal aborts: log → store → roll-up, and the query API.
 *
 * @param options.initSchema whether to create or update the tables first
 * @param options.telemetry what is sent to others
 * @param options.onReady told where it answers
 */
export async function runConsumer(
  config: Config,
  logger: Logger,
  signal: AbortSignal,
  options: { initSchema: boolean; telemetry: TelemetrySettings; onReady: (url: string) => void },
): Promise<void> {
  countBuffersAsObjects()
  await using ending = new AsyncDisposableStack()
  const now = Date.now
  const monotonic = () => performance.now()
  const openedLog = await awaitEventLog(config, logger, signal)
  const { log } = openedLog
  ending.defer(openedLog.close)

  const giveUp = new AbortController()
  const retrier = new Retrier({ giveUp: giveUp.signal, now, random: Math.random })
  logTroubles(logger)
  if (signal.aborted) return
  // Before the store has answered there is nothing to serve, and a process that is asked to end need not wait for it.
  signal.addEventListener('abort', () => void setTimeout(() => giveUp.abort(), GIVE_UP_AFTER_MS).unref(), {
    once: true,
  })
  const reader = await retrier.run('log', () => log.reader(config.kafkaGroup))
  const opened = ending.use(await openStore(config, logger))
  const { db } = opened
  await retrier.run('store', () => checkVersion(db))
  const applied = await retrier.run('store', () =>
    options.initSchema ? migrate(db) : checkSchema(db).then(() => []),
  )
  await retrier.run('store', () => checkMayWrite(db))
  if (applied.length > 0) logger.info(`The tables were brought up to date: ${applied.join(', ')}`)
  const retention = await retrier.run('store', () => applyRetention(db, config, now()))

  const { counts } = countConsumer(now)
  const visible = new VisibleLatency(now)
  let visibleLatencyMs: number | null = null
  listen('consumer:visible', ({ ms }) => {
    visibleLatencyMs = ms
  })
  const backlog = new Backlog({ processed: () => counts.processed, monotonic })
  const pressure = (): number => backlog.pressure
  const rollUp = new RollUpLoop({
    rollUp: new RollUp({ db, retention }),
    pressure,
    isDraining: () => backlog.isDraining,
    isWriting: () => consumer.isWriting,
    onRan: ({ freshAsOfMs }) => visible.rolledUp(freshAsOfMs?.minute ?? 0),
  })
  let flushMs = 0
  const consumer = new Consumer({
    reader,
    store: new ClickHouseStore({ db, windowToMark: (sliceMs) => windowToMark(sliceMs, now(), retention) }),
    retrier,
    topic: log.topic,
    maxAgeMs: maxEventAge(config.rawTtlDays, config.lateMargin),
    maxFutureMs: config.maxFuture,
    mode: config.consumerMode,
    maxMessages: config.consumerBatchSize,
    intervalMs: config.consumerBatchInterval,
    now,
    monotonic,
    pressure,
    // At the end of a backlog nobody waits any longer.
    unseenMs: () => (backlog.isDraining ? 0 : rollUp.looksInMs() - flushMs),
    onFlushed: (flushed, caughtUp) => {
      flushMs = flushed.writeMs + flushed.markMs
      if (caughtUp) backlog.caughtUp()
      visible.flushed(flushed)
      rollUp.wake()
    },
  })
  const lag = new LagMeter(async () => {
    const heldBefore = consumer.held
    const read = await readLag(log, config.kafkaGroup, now())
    return backlog.see(read, Math.max(heldBefore, consumer.held))
  })
  await lag.start()
  ending.defer(() => lag.stop())
  const startedAtMs = now()
  const state = (): ConsumerState => ({
    version: VERSION,
    mode: config.consumerMode,
    topic: log.topic,
    group: config.kafkaGroup,
    startedAtMs,
    nowMs: now(),
    counts,
    lag: lag.last,
    assignments: consumer.assignments(),
    rollUp: rollUp.status(),
    visibleLatencyMs,
    store: { url: opened.url(), local: opened.local !== null },
    troubles: retrier.troubles(),
  })
  const metrics = consumerMetrics({
    lagMessages: () => lag.last.messages,
    partitionLags: () => {
      const ours = new Set(consumer.assignments())
      return lag.last.partitions.filter(({ partition }) => ours.has(partition))
    },
    lagSeconds: () => lag.last.seconds,
    freshnessSeconds: () => ageSeconds(rollUp.status().freshAsOfMs?.minute ?? startedAtMs, now()),
    staleWindows: () => Object.values(rollUp.status().staleWindows).reduce((a, b) => a + b, 0),
    storeAwaySeconds: () => retrier.awaySeconds('store'),
    logAwaySeconds: () => retrier.awaySeconds('log'),
  })
  addServiceGauges(metrics, { healthy: () => healthOf(state()).healthy, dataDir: config.dataDir })
  ending.use(
    await openTelemetry({
      service: 'consumer',
      settings: options.telemetry,
      config,
      logger,
      metrics,
      signal,
    }),
  )
  const lastVerdict = new LastVerdict(config.dataDir, logger)
  const audits = new Audits(async (waiting) => {
    const report = await verify({
      db,
      log,
      ledger: openedLog.ledger,
      topic: log.topic,
      group: config.kafkaGroup,
      rawTtlDays: config.rawTtlDays,
      minuteTtlDays: config.minuteTtlDays,
      patienceMs: AUDIT_PATIENCE_MS,
      now,
      signal,
      waiting,
      // It may read much of the log again, which is no work for the process that consumes.
      offsets: false,
    })
    await lastVerdict.keep(verdictOf(report))
    return report
  })
  const aggregates = new SharedAnswers<AggregatesAnswer>(SLOW_ANSWERS)
  const server = await startHttpServer({
    name: 'consumer',
    host: config.host,
    port: config.consumerPort,
    portSetting: 'MILLRACE_CONSUMER_PORT',
    token: config.apiToken,
    insecure: config.insecure,
    logger,
    health: () => healthOf(state()),
    metrics: () => metrics.text(),
    routes: (app) => {
      const status = async () => {
        await lag.refresh()
        return statusOf(state())
      }
      dashboardRoutes(app, {
        db,
        status,
        producerUrl: producerUrlOf(config),
        token: config.apiToken,
        now,
        logger,
      })
      verifyRoutes(app, audits, lastVerdict)
      deadLetterRoutes(app, deadLettersOf(config, openedLog, db))
      consumerRoutes(app, {
        now,
        status,
        aggregates: (query) => {
          const context = {
            nowMs: now(),
            minutesKeptMs: retention.minute.keepMs,
            freshAsOfMs: rollUp.status().freshAsOfMs ?? { minute: startedAtMs, hour: startedAtMs },
          }
          const { pageId, limit } = query
          return aggregates.get(JSON.stringify([windowsOf(query, context), pageId, limit]), () =>
            queryAggregates(db, query, context),
          )
        },
      })
    },
  })
  ending.use(server)
  ending.defer(
    logStatistics({
      logger,
      intervalMs: config.statsInterval,
      total: () => counts.processed,
      sentence: (before, seconds) => consumerSentence(state(), before, seconds),
    }),
  )

  rollUp.start()
  ending.defer(() => rollUp.stop())
  const days = new DaysLoop({ days: new Days({ db }), pressure })
  days.start()
  ending.defer(() => days.stop())
  const running = consumer.run(signal)
  logger.info(
    { url: server.url, store: opened.url() },
    `The consumer answers at ${server.url}, mode ${config.consumerMode}`,
  )
  options.onReady(server.url)
  void aborted(signal).then(() => logger.info('The consumer stops: writing what it holds'))
  await running
  logger.info(consumerSentence(state(), counts.processed, 1))
}

function ageSeconds(ms: number, nowMs: number): number {
  return Math.max(0, nowMs - ms) / 1_000
}

function logTroubles(logger: Logger): void {
  listen('consumer:away', ({ what, message, attempt, retryInMs }) => {
    logger.warn(`The ${what} is away, attempt ${attempt}, again in ${duration(retryInMs)}: ${message}`)
  })
  listen('consumer:back', ({ what, awayMs }) => {
    logger.info(`The ${what} is back after ${duration(awayMs)}`)
  })
  listen('consumer:gap', (gap) => logger.error({ ...gap, lost: lostIn(gap) }, gapSentence(gap)))
  listen('kafka:assigned', ({ group, partitions }) => {
    logger.info(`The group ${group} gave this consumer the partitions ${partitions.join(', ') || '(none)'}`)
  })
  listen('kafka:commit-dropped', ({ positions }) => {
    const lost = positions.map(({ partition }) => partition).join(', ')
    logger.warn(
      `The partitions ${lost} went to another consumer before their positions were committed; it reads them again`,
    )
  })
  listen('rollup:failed', ({ message, retryInMs }) => {
    logger.warn(`Rolling up failed, again in ${duration(retryInMs)}: ${message}`)
  })
  listen('rollup:day-built', ({ startMs, ms }) => {
    logger.debug(
      `The day ${new Date(startMs).toISOString().slice(0, 10)} was merged out of its hours in ${duration(ms)}`,
    )
  })
  listen('rollup:day-failed', ({ message }) => {
    logger.warn(`A day could not be merged out of its hours, which are read until it can: ${message}`)
  })
  listen('rollup:abandoned', ({ level, windows }) => {
    logger.warn(`${windows} ${level} windows changed whose raw rows have expired; they stay as they were`)
  })
}
