import assert from 'node:assert/strict'
import { test } from 'node:test'
import { noBrowser, openPage } from '../helpers/browser.ts'
import { System } from '../helpers/system.ts'
import { eventually } from '../helpers/wait.ts'
import { appendValues } from './log.ts'

/** Rows of the table of pages that something has been done to since watchRows(), by their numbers; -1 is the table itself. */
const WATCH = `(() => {
  const body = document.querySelector('#pages')
  window.touched = new Set()
  new MutationObserver((records) => {
    for (const { target } of records) {
      const row = target === body ? null : target.parentElement?.closest('tr') ?? target.closest?.('tr')
      window.touched.add(row ? [...body.children].indexOf(row) : -1)
    }
  }).observe(body, { childList: true, subtree: true, characterData: true, attributes: true })
})()`

function views(page: string, count: number): string[] {
  return Array.from({ length: count }, (_, i) =>
    JSON.stringify({
      page_id: page,
      user_id: `u-${i}`,
      view_duration_ms: 1_000,
      timestamp: new Date().toISOString(),
      is_bounce: false,
    }),
  )
}

test('of a thousand pages only the rows that say something else are touched, and none is made anew', {
  skip: noBrowser,
}, async (t) => {
  const system = await System.create(t, { MILLRACE_GENERATE: 'off' })
  await system.up()
  const others = Array.from({ length: 1_200 }, (_, i) => `/other-${String(i).padStart(4, '0')}`)
  await appendValues(system, [
    ...views('/first', 50),
    ...views('/second', 20),
    ...others.flatMap((page) => views(page, 1)),
  ])
  const page = await openPage(t, system.consumerUrl)
  const rows = page.locator('#pages tr')
  await page.getByText('The first 100 of 1,202 pages').waitFor()
  assert.equal(await rows.count(), 100)
  await page.getByRole('button', { name: 'Show 1,000' }).click()
  await eventually('a thousand rows', async () => (await rows.count()) === 1_000)

  await page.evaluate(WATCH)
  await appendValues(system, views('/second', 1))
  await rows.nth(1).getByText('21', { exact: true }).waitFor()
  // The answers after it say the same.
  await page.waitForResponse((response) => response.url().includes('/live/top'))
  await page.waitForResponse((response) => response.url().includes('/live/top'))
  assert.deepEqual(await page.evaluate('[...touched]'), [1])

  await page.getByRole('button', { name: 'Show 100' }).click()
  await eventually('a hundred rows', async () => (await rows.count()) === 100)
})
