import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { chromium } from 'playwright-core'
import { BenchSystem } from '../bench/lib/system.ts'

/**
 * Makes the pictures of the documentation: starts a system with a data directory of its own, lets it run for a while, and takes the
 * dashboard in light and dark. Needs chromium; MILLRACE_TEST_CHROMIUM names another one.
 */
const IMAGES = resolve(import.meta.dirname, '../docs/images')
const SECONDS = 90

await using system = await BenchSystem.create({ MILLRACE_SPEED: '400' })
const tree = system.start('start')
await system.ready(system.consumerUrl)
process.stdout.write(`letting it run for ${SECONDS} s …\n`)
await sleep(SECONDS * 1_000)
const browser = await chromium.launch({
  executablePath: process.env.MILLRACE_TEST_CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox'],
})
try {
  for (const colorScheme of ['light', 'dark'] as const) {
    const page = await browser.newPage({ colorScheme, viewport: { width: 1_280, height: 860 } })
    await page.goto(system.consumerUrl)
    await page.locator('#pages tr').nth(5).waitFor()
    await sleep(2_000)
    const path = join(IMAGES, `dashboard-${colorScheme}.png`)
    await page.screenshot({ path })
    process.stdout.write(`${path}\n`)
  }
} finally {
  await browser.close()
  await system.end(tree)
}
