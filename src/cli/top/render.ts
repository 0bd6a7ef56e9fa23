import { showText } from '../../dead-letters/display.ts'
import { age, count, duration, percent, rate } from '../../observe/words.ts'
import { GAP, columns as inColumns } from '../columns.ts'
import { paceOf } from '../start/summary.ts'
import { TOP_MINUTES } from './reader.ts'
import type { Part, PartState, TopSnapshot } from './snapshot.ts'

export type Colour = 'red' | 'green' | 'yellow' | 'bold' | 'dim'

export interface TopView {
  readonly columns: number
  /** Lines at most; pages get what the rest leaves. */
  readonly rows: number
  /** Colours a text, where there are colours. */
  readonly paint: (colour: Colour, text: string) => string
  /** Stands at the right of the first line. */
  readonly hint: string
}

/** What is not known. */
const UNKNOWN = '–'
const COLOURS: Readonly<Record<PartState, Colour>> = {
  up: 'green',
  trouble: 'red',
  away: 'red',
  unknown: 'yellow',
}
/** How wide the first column is, that of names. */
const NAMES = 13
/** Aggregates older than this are behind, in seconds. */
const STALE_SECONDS = 60
/** Lines for the lag of partitions. With more partitions only those that are behind most are shown. */
const PARTITION_LINES = 2

/** A snapshot as lines for a terminal, none wider than it. */
export function renderTop(snapshot: TopSnapshot, view: TopView): string {
  const upper = [
    heading(snapshot, view),
    '',
    parts(snapshot, view),
    ...problems(snapshot, view),
    '',
    flow(snapshot, view),
    '',
    freshness(snapshot, view),
  ]
    .join('\n')
    .split('\n')
  const room = view.rows - upper.length - 1
  const lines = room < 2 ? upper : [...upper, '', ...pages(snapshot, view, room - 1).split('\n')]
  return inColumns(
    lines.slice(0, view.rows).map((line) => [line]),
    { widths: [view.columns + GAP] },
  )
}

function heading({ at, producer, consumer }: TopSnapshot, { columns, paint, hint }: TopView): string {
  const version = consumer.status?.version ?? producer.status?.version
  const left = `Millrace${version === undefined ? '' : ` ${version}`}  ${at.slice(0, 10)} ${at.slice(11, 19)} UTC`
  const gap = columns - left.length - hint.length
  return gap < 2 ? paint('bold', left) : `${paint('bold', left)}${' '.repeat(gap)}${paint('dim', hint)}`
}

function parts({ producer, log, consumer, clickhouse }: TopSnapshot, { paint, columns }: TopView): string {
  const row = (name: string, { state, where }: Part, detail: string): string[] => [
    name,
    paint(COLOURS[state], state),
    where?.replace(/^http:\/\//, '') ?? UNKNOWN,
    detail,
  ]
  const { status: made } = producer
  const { status: read } = consumer
  const topic = made ?? read
  const partitions = made?.partitions ?? read?.partitions.length
  const rows = [
    row(
      'producer',
      producer,
      made === null
        ? ''
        : `${paceOf(made)}, ${count(made.buffer_used)} of ${count(made.buffer_size)} wait, up ${uptime(made)}`,
    ),
    row('log', log, topic === null ? '' : `${topic.topic}, ${partitions} partitions`),
    row(
      'consumer',
      consumer,
      read === null
        ? ''
        : `${read.mode}, ${read.assignments.length} of ${read.partitions.length} partitions, up ${uptime(read)}`,
    ),
    row('ClickHouse', clickhouse, read === null ? '' : lastWrite(read.last_flush)),
  ]
  const wheres = Math.max(...rows.map((cells) => cells[2]!.length)) + 2
  const states = 9
  const where = Math.min(wheres, Math.max(12, columns - NAMES - states - 30))
  return inColumns(rows, {
    widths: [NAMES, states, where, Math.max(4, columns + GAP - NAMES - states - where)],
  })
}

function uptime({ uptime_seconds }: { uptime_seconds: number }): string {
  return duration(uptime_seconds * 1_000)
}

function lastWrite(flush: { messages: number; write_ms: number } | null): string {
  return flush === null
    ? 'nothing written yet'
    : `last ${count(flush.messages)} messages in ${duration(flush.write_ms)}`
}

/** What is not well, in words, as many lines as it takes. */
function problems(snapshot: TopSnapshot, { paint, columns }: TopView): string[] {
  const { producer, log, consumer, clickhouse } = snapshot
  const sentences = [producer, log, consumer, clickhouse].flatMap(({ state, problem }) =>
    problem === null ? [] : [{ state, problem }],
  )
  if (sentences.length === 0) return []
  const lines = sentences.flatMap(({ state, problem }) =>
    inColumns([['!', showText(problem)]], { widths: [4, Math.max(20, columns - 2)], wrap: true })
      .split('\n')
      .map((line) => paint(COLOURS[state], line)),
  )
  return ['', ...lines]
}

function flow({ rates, producer, consumer }: TopSnapshot, { paint, columns }: TopView): string {
  const { status: made } = producer
  const { status: read } = consumer
  const speed = (perSecond: number | null): string => (perSecond === null ? UNKNOWN : rate(perSecond))
  const total = (n: number | undefined): string => (n === undefined ? UNKNOWN : count(n))
  const bad = (n: number | undefined): string => (n ? paint('red', count(n)) : total(n))
  const rows = [
    ['generated', speed(rates.generated), total(made?.generated)].concat([
      'failed',
      speed(rates.failed),
      bad(made?.failed),
    ]),
    ['sent', speed(rates.sent), total(made?.sent)].concat([
      'dropped',
      speed(rates.dropped),
      bad(made?.dropped),
    ]),
    ['consumed', speed(rates.consumed), total(read?.processed)].concat([
      'rejected',
      speed(rates.rejected),
      total(read?.invalid),
    ]),
    ['written', speed(rates.written), ''].concat(['lost', speed(rates.lost), bad(read?.lost)]),
  ]
  const names = ['', 'now', 'since start'].concat(['', 'now', 'since start'])
  const numbers = Math.min(15, Math.max(10, Math.floor((columns - 2 * NAMES - 2) / 4)))
  return inColumns([names, ...rows], {
    widths: [NAMES, numbers, numbers + 2, NAMES, numbers, numbers + 2],
    right: [1, 2, 4, 5],
  })
}

function freshness({ fresh_as_of, fresh_seconds, lag }: TopSnapshot, view: TopView): string {
  const { paint, columns } = view
  if (lag === null) {
    return ['fresh as of', 'lag']
      .map((name) => `${name.padEnd(NAMES)}not known while the consumer is away`)
      .join('\n')
  }
  const fresh =
    fresh_as_of === null || fresh_seconds === null
      ? 'nothing is aggregated yet'
      : `${fresh_as_of.slice(11, 23)} UTC, ${age(fresh_seconds * 1_000)}`
  const isStale = fresh_seconds !== null && fresh_seconds > STALE_SECONDS
  const each = [...lag.partitions].map(({ partition, lag: n }) => ({ text: `${partition}: ${count(n)}`, n }))
  return [
    `${'fresh as of'.padEnd(NAMES)}${isStale ? paint('red', fresh) : fresh}`,
    `${'lag'.padEnd(NAMES)}${lagText(lag)}`,
    ...partitionLines(each, columns - NAMES).map((line) => `${' '.repeat(NAMES)}${line}`),
  ].join('\n')
}

function lagText({ messages, seconds }: NonNullable<TopSnapshot['lag']>): string {
  if (messages === 0) return 'none'
  return `${count(messages)} messages, the oldest has waited for ${duration(seconds * 1_000)}`
}

/** All of them in their order when there is room, else those that are behind most. */
function partitionLines(each: readonly { text: string; n: number }[], width: number): string[] {
  const all = linesOf(
    each.map(({ text }) => text),
    width,
  )
  if (all.length <= PARTITION_LINES) return all
  const worst = each
    .filter(({ n }) => n > 0)
    .sort((a, b) => b.n - a.n)
    .map(({ text }) => text)
  for (let shown = worst.length; ; shown--) {
    const others = each.length - shown
    const lines = linesOf([...worst.slice(0, shown), `and ${count(others)} others`], width)
    if (lines.length <= PARTITION_LINES || shown === 0) return lines
  }
}

/** Words with two spaces between them, in lines. */
function linesOf(words: readonly string[], width: number): string[] {
  const lines: string[] = []
  for (const word of words) {
    const last = lines.at(-1)
    if (last !== undefined && last.length + 2 + word.length <= width)
      lines[lines.length - 1] = `${last}  ${word}`
    else lines.push(word)
  }
  return lines
}

function pages({ top }: TopSnapshot, { columns }: TopView, room: number): string {
  const numbers = [9, 9, 9, 9, 9]
  const names = Math.max(20, columns + GAP - numbers.reduce((sum, width) => sum + width, 0))
  const shown = (top?.pages ?? []).slice(0, room)
  const most =
    top === null || top.pages_total === shown.length
      ? ''
      : ` (${count(shown.length)} of ${count(top.pages_total)})`
  const heading = [
    `pages, last ${TOP_MINUTES} minutes${most}`,
    'views',
    'users',
    'bounces',
    'average',
    '95 %',
  ]
  const rows = shown.map((page) => [
    showText(page.page_id),
    count(page.view_count),
    count(page.unique_users),
    percent(page.bounce_rate),
    duration(page.avg_duration_ms),
    duration(page.p95_duration_ms),
  ])
  return inColumns([heading, ...rows], { widths: [names, ...numbers], right: [1, 2, 3, 4, 5] })
}
