import { say } from '../lib/say.ts'

/** How the page views are that the aggregates are made of. */
export interface Made {
  readonly events: number
  readonly pages: number
  readonly users: number
  /** Whole days up to the last full minute; each day has its share of the events. */
  readonly days: number
  /** Of the last ones there are minutes too. */
  readonly minuteDays: number
  readonly nowMs: number
}

const HOUR_S = 3_600
const HOURS_AT_ONCE = 6

/** Traffic of an hour of the day: four times as much at three in the afternoon as at three at night. */
export function weightOf(hour: number): number {
  return 1 + 0.6 * Math.cos((2 * Math.PI * (hour - 15)) / 24)
}

/** A piece of time, with the numbers of the events in it. */
export interface Piece {
  readonly fromS: number
  readonly seconds: number
  readonly first: number
  readonly events: number
  readonly minutes: boolean
}

/** Cuts the time into pieces of six hours, the last one up to the last full minute. */
export function piecesOf({ events, days, minuteDays, nowMs }: Made): Piece[] {
  const endS = Math.floor(nowMs / 60_000) * 60
  const beginS = Math.floor(endS / HOUR_S) * HOUR_S - days * 24 * HOUR_S + HOUR_S
  const spans: { fromS: number; seconds: number; weight: number }[] = []
  for (let fromS = beginS; fromS < endS; fromS += HOURS_AT_ONCE * HOUR_S) {
    const seconds = Math.min(HOURS_AT_ONCE * HOUR_S, endS - fromS)
    spans.push({ fromS, seconds, weight: seconds * weightOf((fromS / HOUR_S + HOURS_AT_ONCE / 2) % 24) })
  }
  const all = spans.reduce((sum, { weight }) => sum + weight, 0)
  let before = 0
  return spans.map(({ fromS, seconds, weight }) => {
    const first = Math.round((events * before) / all)
    before += weight
    const end = Math.round((events * before) / all)
    return {
      fromS,
      seconds,
      first,
      events: end - first,
      minutes: fromS >= endS - minuteDays * 24 * HOUR_S,
    }
  })
}

const STATES = `count(), sum(duration_ms), countIf(is_bounce), uniqState(user_id), quantilesDDState(0.01, 0.5, 0.95)(duration_ms), 1`
const COLUMNS = 'view_count, total_duration, bounce_count, unique_users, durations, version'
const EVENTS = 'bench_events'

/**
 * Makes aggregates out of page views that exist only a few hours at a time, in memory. They are what the roll-up would have made of them;
 * raw rows and slices are not made, since the query reads neither.
 *
 * @param write runs a statement
 */
export async function makeAggregates(made: Made, write: (sql: string) => Promise<void>): Promise<void> {
  await write(
    `CREATE TABLE ${EVENTS} (time DateTime('UTC'), page_id String, user_id String, region LowCardinality(String), duration_ms UInt32, is_bounce Bool) ENGINE = Memory`,
  )
  const pieces = piecesOf(made)
  for (const [i, piece] of pieces.entries()) {
    await write(`TRUNCATE TABLE ${EVENTS}`)
    await write(eventsOf(piece, made))
    await write(intoPages('hour'))
    await write(intoBreakdowns('hour'))
    if (piece.minutes) {
      await write(intoPages('minute'))
      await write(intoBreakdowns('minute'))
    }
    if (i % 10 === 9 || i === pieces.length - 1)
      say(`  made ${piece.first + piece.events} of ${made.events} events`)
  }
  await write(`DROP TABLE ${EVENTS}`)
}

/**
 * Event n is the same wherever it is made. Pages by Zipf's law, which is a rank whose logarithm is uniform; users with a rank that is the cube of a
 * uniform one, so that a tenth of them makes half of the views; durations of 10 s to 10 min, a tenth of them bounces under 5 s.
 */
function eventsOf({ fromS, seconds, first, events }: Piece, { pages, users }: Made): string {
  const uniform = (salt: number): string => `(cityHash64(number, ${salt}) / 18446744073709551616.)`
  return `INSERT INTO ${EVENTS}
    SELECT toDateTime(${fromS} + intDiv((number - ${first}) * ${seconds}, ${events}), 'UTC'),
      concat('/page-', toString(toUInt32(exp(${uniform(1)} * log(${pages + 1}))))),
      concat('u-', toString(toUInt32(${users} * pow(${uniform(2)}, 3)))),
      ['EU', 'EU', 'EU', 'US', 'US', 'APAC', 'APAC', 'LATAM', 'AFRICA', ''][1 + cityHash64(number, 3) % 10],
      if(is_bounce, 200 + cityHash64(number, 4) % 4800, 10000 + cityHash64(number, 4) % 590000),
      cityHash64(number, 5) % 10 = 0 AS is_bounce
    FROM numbers(${first}, ${events})`
}

function intoPages(level: 'minute' | 'hour'): string {
  return `INSERT INTO page_views_agg_${level} (window_start, page_id, ${COLUMNS})
    SELECT ${startOf(level)} AS start, page_id, ${STATES} FROM ${EVENTS} GROUP BY start, page_id`
}

function intoBreakdowns(level: 'minute' | 'hour'): string {
  return `INSERT INTO page_views_breakdown_${level} (window_start, dimension, value, ${COLUMNS})
    SELECT ${startOf(level)} AS start, if(grouping(region) = 0, 'region', 'all') AS dimension, if(grouping(region) = 0, toString(region), '') AS value, ${STATES}
    FROM ${EVENTS} GROUP BY GROUPING SETS ((start, region), (start))`
}

function startOf(level: 'minute' | 'hour'): string {
  return level === 'minute' ? 'toStartOfMinute(time)' : 'toStartOfHour(time)'
}
