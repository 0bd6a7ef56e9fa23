import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import type { TestContext } from 'node:test'
import { type BrowserContextOptions, chromium, type Page } from 'playwright-core'

const CHROMIUM = process.env.MILLRACE_TEST_CHROMIUM ?? '/usr/bin/chromium'

/** Why browser tests can't run here; false when they can. In CI they must. */
export const noBrowser: string | false =
  existsSync(CHROMIUM) || process.env.CI === 'true'
    ? false
    : `THERE IS NO BROWSER at ${CHROMIUM}: install chromium, or name one with MILLRACE_TEST_CHROMIUM`

/** A page of a browser of its own; both are closed with the test. Errors of scripts on the page fail the test. */
export async function openPage(
  t: TestContext,
  url: string,
  options: BrowserContextOptions = {},
): Promise<Page> {
  const browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox'] })
  t.after(() => browser.close())
  const context = await browser.newContext(options)
  const page = await context.newPage()
  page.setDefaultTimeout(30_000)
  page.on('pageerror', (error) => {
    t.diagnostic(`the page threw: ${error.stack}`)
    process.exitCode = 1
  })
  await page.goto(url)
  return page
}

/** What axe finds wrong, as text; nothing is the empty list. The page must have been opened with `bypassCSP`. */
export async function findings(page: Page): Promise<string[]> {
  const axe = createRequire(import.meta.url).resolve('axe-core/axe.min.js')
  await page.evaluate(await readFile(axe, 'utf8'))
  const violations = await page.evaluate<{ id: string; nodes: { target: string[] }[] }[]>(
    'axe.run().then(({ violations }) => violations)',
  )
  return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ target }) => target.join(' ')).join(', ')}`)
}
