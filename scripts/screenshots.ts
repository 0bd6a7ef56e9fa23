import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core'
import { BenchSystem } from '../bench/lib/system.ts'
import type { ConsumerStatus } from '../src/consumer/status.ts'
import { openLmdbLog } from '../src/log/lmdb/open.ts'
import { Generator } from '../src/producer/generator/generator.ts'

const HELP = `usage: node scripts/screenshots.ts [--review DIRECTORY]

Takes the pictures of the documentation: a quarter of an hour of page views is put into a log of its own, a system is started on it,
and its dashboard is taken in light and dark. With --review it is taken at several sizes, whole, into a directory, to be looked at.
Needs chromium; MILLRACE_TEST_CHROMIUM names another one.
`
const IMAGES = resolve(import.meta.dirname, '../docs/images')
const MINUTES = 15
const PER_SECOND = 60
const PARTITIONS = 6
/** As the producer's own. */
const SHARES = { bounces: 0.1, invalid: 0.05, repeats: 0.01 }

type Status = Pick<ConsumerStatus, 'lag' | 'stale_windows'>
type Audit = { running: boolean; failure: string | null }

const { values } = parseArgs({
  options: { review: { type: 'string' }, help: { type: 'boolean', default: false } },
})
if (values.help) {
  process.stdout.write(HELP)
  process.exit(0)
}

await using system = await BenchSystem.create({
  MILLRACE_GENERATE: 'off',
  MILLRACE_SPEED: String(PER_SECOND),
})
const tree = system.start('start')
await system.ready(system.producerUrl)
await system.ready(system.consumerUrl)
await fillLog(system.dataDir)
await fetch(`${system.producerUrl}/generate/resume`, { method: 'POST' })
await caughtUp(system.consumerUrl)
const browser = await chromium.launch({
  executablePath: process.env.MILLRACE_TEST_CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox'],
})
try {
  await audit(system.consumerUrl)
  if (values.review === undefined) await document(browser)
  else await review(browser, values.review)
} finally {
  await browser.close()
  await system.end(tree)
}

/** Page views of the last minutes, in waves, acknowledged as a sender's are, so that the audit agrees. */
async function fillLog(dataDir: string): Promise<void> {
  const { log, ledger, close } = await openLmdbLog({ dataDir, topic: 'page-views', partitions: PARTITIONS })
  const writer = await log.writer()
  const generator = new Generator({ seed: 1, shares: SHARES })
  const beganMs = Date.now()
  // Up to the moment at which it is done, where the producer goes on.
  for (let second = -MINUTES * 60; beganMs + second * 1_000 < Date.now(); second++) {
    const wave = 1 + 0.45 * Math.sin(second / 70) + 0.2 * Math.sin(second / 11)
    const peak = second < -60 && second % 300 > -12 ? 2.2 : 1
    const messages = Array.from({ length: Math.round(PER_SECOND * wave * peak) }, (_, i) => {
      const { key, value, timestampMs, entry } = generator.next(beganMs + second * 1_000 + i)
      return { partition: i % PARTITIONS, key, value, timestampMs, entry }
    })
    await writer.append(messages, ledger.begin(messages))
  }
  await close()
}

async function caughtUp(url: string): Promise<void> {
  for (let i = 0; i < 120; i++) {
    const { lag, stale_windows: stale } = (await (await fetch(`${url}/status`)).json()) as Status
    if (lag < 1_000 && stale.slice < 10 && i > 15) return
    await sleep(1_000)
  }
  throw new Error('the consumer did not catch up within two minutes')
}

/** So that the page has a verdict to show. */
async function audit(url: string): Promise<void> {
  await fetch(`${url}/verify`, { method: 'POST' })
  for (let i = 0; i < 60; i++) {
    const { running, failure } = (await (await fetch(`${url}/verify`)).json()) as Audit
    if (failure !== null) throw new Error(failure)
    if (!running) return
    await sleep(500)
  }
}

async function document(browser: Browser): Promise<void> {
  for (const colorScheme of ['light', 'dark'] as const) {
    const page = await open(browser, { colorScheme, viewport: { width: 1_280, height: 860 } })
    await take(page, join(IMAGES, `dashboard-${colorScheme}.png`))
  }
}

async function review(browser: Browser, directory: string): Promise<void> {
  for (const colorScheme of ['light', 'dark'] as const) {
    for (const [width, height] of [
      [1_440, 900],
      [820, 1_180],
      [390, 844],
      [320, 640],
    ] as const) {
      const phone = width < 500 ? { hasTouch: true, isMobile: true, deviceScaleFactor: 2 } : {}
      const page = await open(browser, { colorScheme, viewport: { width, height }, ...phone })
      await page.locator('#samples summary').first().click()
      await take(page, join(directory, `${colorScheme}-${width}.png`), true)
    }
  }
}

async function open(browser: Browser, options: BrowserContextOptions): Promise<Page> {
  const page = await browser.newPage(options)
  await page.goto(system.consumerUrl)
  await page.locator('#pages tr').nth(5).waitFor()
  await page.locator('#samples summary').nth(2).waitFor()
  await sleep(3_000)
  return page
}

async function take(page: Page, path: string, fullPage = false): Promise<void> {
  await page.screenshot({ path, fullPage })
  await page.close()
  process.stdout.write(`${path}\n`)
}
