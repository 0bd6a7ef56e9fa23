import { setTimeout as sleep } from 'node:timers/promises'
import { type Browser, chromium, type Page } from 'playwright-core'
import { openLmdbLog } from '../src/log/lmdb/open.ts'
import { drawBars } from './lib/bars.ts'
import { benchmark, count } from './lib/command.ts'
import { report } from './lib/report.ts'
import { table } from './lib/run.ts'
import { say } from './lib/say.ts'
import { quantile, spread } from './lib/statistics.ts'
import { BenchSystem } from './lib/system.ts'
import { until } from './lib/wait.ts'

interface Options {
  readonly loads: number
  readonly seconds: number
  readonly pages: number
  readonly rate: number
  readonly chromium: string
  readonly record?: true
}

export const page = benchmark(
  'page',
  'How soon does the dashboard show something, and does it move smoothly with a thousand pages that change?',
)
  .option('--loads <n>', 'how often the page is loaded, each time by a new browser', count, 10)
  .option('--seconds <n>', 'how long it is scrolled and searched', count, 30)
  .option('--pages <n>', 'distinct pages', count, 1_200)
  .option('--rate <n>', 'views a second meanwhile', count, 500)
  .option('--chromium <file>', 'the browser', process.env.MILLRACE_TEST_CHROMIUM ?? '/usr/bin/chromium')
  .action(run)

/** A frame that is later than this is seen as a jerk (RAIL: https://web.dev/articles/rail). */
const JERK_MS = 50
const VISIBLE_SECONDS = 60

/** Frames as they are drawn, with the time since the one before. */
const WATCH_FRAMES = `(() => {
  window.gaps = []
  let before = performance.now()
  const next = (now) => { window.gaps.push(now - before); before = now; requestAnimationFrame(next) }
  requestAnimationFrame(next)
})()`

async function run({ loads, seconds, pages, rate, chromium: file, record }: Options): Promise<void> {
  await using system = await BenchSystem.create({ MILLRACE_GENERATE: 'off' })
  const tree = system.start('start')
  await system.ready(system.producerUrl, tree)
  await system.ready(system.consumerUrl, tree)
  const stop = new AbortController()
  const sending = sendViews(system, pages, rate, stop.signal)
  try {
    await until('All pages, becoming visible,', VISIBLE_SECONDS, async () => {
      const { pages_total: seen } = await system.json(`${system.consumerUrl}/query/aggregates?hours=1`)
      return { done: seen >= pages, so: `${seen} of ${pages}` }
    })
    const paints: number[] = []
    for (let i = 1; i <= loads; i++) {
      await using browser = await open(file)
      paints.push(await firstPaint(await browser.load(system.consumerUrl)))
      say(`load ${i} of ${loads}: first contentful paint after ${paints.at(-1)!.toFixed(0)} ms`)
    }
    await using browser = await open(file)
    const gaps = await framesOf(await browser.load(system.consumerUrl), seconds)
    const late = gaps.filter((gap) => gap > JERK_MS).length
    const ms = (n: number): string => n.toFixed(0)
    report(
      {
        name: 'page',
        title: `The dashboard, ${rate} views a second of ${pages} pages`,
        body: [
          table(
            ['what', 'figure'],
            [
              [`first contentful paint, ${loads} loads, ms`, spread(paints, ms)],
              ['frames', String(gaps.length)],
              [
                'between two frames: p50, p95, p99, most, ms',
                [0.5, 0.95, 0.99, 1].map((q) => ms(quantile(gaps, q))).join(', '),
              ],
              [`frames later than ${JERK_MS} ms`, `${late} (${((100 * late) / gaps.length).toFixed(2)} %)`],
            ],
          ),
          '',
          `${seconds} s with a thousand rows: scrolled all the time, and searched every five seconds, while each second changes what they say. Browser, services and ClickHouse share the machine; the browser draws without a graphics card.`,
        ].join('\n'),
        chart: (caption) =>
          drawBars(
            [{ title: 'First contentful paint, ms', bars: [{ name: 'loads', values: paints }] }],
            caption,
          ),
      },
      record,
    )
  } finally {
    stop.abort()
    await sending
  }
  await system.end(tree)
}

async function sendViews(
  { dataDir }: BenchSystem,
  pages: number,
  rate: number,
  stop: AbortSignal,
): Promise<void> {
  const { log, close } = await openLmdbLog({ dataDir, topic: 'page-views' })
  const writer = await log.writer()
  for (let n = 0; !stop.aborted; n += rate) {
    const now = Date.now()
    await writer.append(
      Array.from({ length: n === 0 ? pages : rate }, (_, i) => ({
        partition: 0,
        key: null,
        value: Buffer.from(JSON.stringify(viewOf(n + i, pages, now))),
        timestampMs: now,
      })),
    )
    await sleep(1_000, undefined, { signal: stop }).catch(() => undefined)
  }
  await close()
}

/** First each page once, then some more often than others. */
function viewOf(n: number, pages: number, nowMs: number): object {
  const rank = n < pages ? n : Math.floor(pages ** Math.random())
  return {
    page_id: `/page/${rank}`,
    user_id: `u-${n % 5_000}`,
    view_duration_ms: 10_000 + (n % 600) * 1_000,
    timestamp: new Date(nowMs).toISOString(),
    region: ['EU', 'US', 'APAC'][n % 3],
    is_bounce: n % 10 === 0,
  }
}

/** A browser of its own, so that nothing is in its cache. */
async function open(executablePath: string): Promise<AsyncDisposable & { load(url: string): Promise<Page> }> {
  const browser: Browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] })
  return {
    async load(url) {
      const opened = await browser.newPage({ viewport: { width: 1_440, height: 1_000 } })
      await opened.goto(url)
      return opened
    },
    [Symbol.asyncDispose]: () => browser.close(),
  }
}

async function firstPaint(opened: Page): Promise<number> {
  let ms: number | undefined
  await until('The first paint', VISIBLE_SECONDS, async () => {
    ms = await opened.evaluate<number | undefined>(
      "performance.getEntriesByName('first-contentful-paint')[0]?.startTime",
    )
    return { done: ms !== undefined, so: 'nothing is painted' }
  })
  return ms!
}

/** @returns milliseconds between two frames, ascending */
async function framesOf(opened: Page, seconds: number): Promise<number[]> {
  await opened.getByRole('button', { name: 'Show 1,000' }).click()
  await until('A thousand rows', VISIBLE_SECONDS, async () => {
    const rows = await opened.locator('#pages tr').count()
    return { done: rows === 1_000, so: `${rows} rows` }
  })
  const search = opened.getByRole('searchbox', { name: 'Search pages' })
  const rows = (await opened
    .locator('#pages')
    .locator('xpath=ancestor::*[contains(@class,"scroll")]')
    .boundingBox())!
  await opened.mouse.move(rows.x + rows.width / 2, rows.y + rows.height / 2)
  await opened.evaluate(WATCH_FRAMES)
  const end = performance.now() + seconds * 1_000
  let searched = performance.now()
  for (let down = true; performance.now() < end; ) {
    await opened.mouse.wheel(0, down ? 150 : -150)
    await sleep(50)
    if (performance.now() - searched < 5_000) continue
    searched = performance.now()
    down = !down
    await search.pressSequentially('page/1', { delay: 30 })
    await search.fill('')
  }
  const gaps = await opened.evaluate<number[]>('gaps')
  return gaps.sort((a, b) => a - b)
}
