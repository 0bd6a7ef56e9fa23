import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { test } from 'node:test'
import { findings, noBrowser, openPage } from '../helpers/browser.ts'
import { processTree, System } from '../helpers/system.ts'
import { eventually } from '../helpers/wait.ts'
import { appendValues } from './log.ts'

const options = { skip: noBrowser }

test('a burst that is pressed on the page arrives in its figures, and in its chart', options, async (t) => {
  const system = await System.create(t, { MILLRACE_GENERATE: 'off' })
  await system.up()
  const page = await openPage(t, system.consumerUrl)
  await page.getByRole('spinbutton', { name: 'Burst' }).fill('700')
  await page.getByRole('button', { name: 'Send burst' }).click()
  await page
    .getByText(/700 events/)
    .first()
    .waitFor()
  await eventually('the views to be in the table', async () => {
    const { processed, valid } = await system.consumerStatus()
    assert.equal(processed, 700)
    const cells = await page.locator('#regions tr td:nth-child(2)').allTextContents()
    const shown = cells.reduce((sum, text) => sum + Number(text.replace(/\D/g, '')), 0)
    assert.equal(shown, valid)
    return true
  })
  assert.ok((await page.locator('#pages tr').count()) > 10)
  await page.getByRole('button', { name: 'Verify now' }).click()
  await page.getByText(/^Everything agrees, /).waitFor()
  await page.getByText(/^700 messages: /).waitFor()
  await page.locator('#chart canvas').waitFor()
  await page.getByRole('searchbox', { name: 'Search pages' }).fill('pricing')
  await eventually('only pages that were searched for', async () => {
    const names = await page.locator('#pages tr :is(th, td):first-child').allTextContents()
    return names.length > 0 && names.every((name) => name.includes('pricing'))
  })
})

test('ClickHouse killed: red with words within seconds, and healed by itself', options, async (t) => {
  const system = await System.create(t, { MILLRACE_SPEED: '50' })
  const program = await system.up()
  const page = await openPage(t, system.consumerUrl)
  const troubles = page.locator('#troubles')
  await page.getByText('Live', { exact: true }).waitFor()
  await eventually('nothing to be wrong', async () => !(await troubles.isVisible()))
  const stop = new AbortController()
  t.after(() => stop.abort())
  // A server that is killed once is back before anybody sees it: it is killed until the page has said so.
  const killing = (async () => {
    while (!stop.signal.aborted) {
      for (const pid of await clickHouses(program.child.pid!)) kill(pid)
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
  })()
  await troubles.waitFor({ state: 'visible' })
  assert.match((await troubles.textContent()) ?? '', /store|ClickHouse/i)
  stop.abort()
  await killing
  await troubles.waitFor({ state: 'hidden', timeout: 60_000 })
})

test('the bytes of a rejected message are text, whatever they are', options, async (t) => {
  const system = await System.create(t, { MILLRACE_GENERATE: 'off' })
  await system.up()
  const poison = '<script>document.title="owned"</script><img src=x onerror="document.title=1">'
  await appendValues(system, [poison])
  const page = await openPage(t, system.consumerUrl)
  await page.locator('#samples details summary').first().click()
  await page.getByText(poison).first().waitFor()
  assert.equal(await page.title(), 'Millrace')
  assert.equal(await page.locator('#samples script, #samples img').count(), 0)
})

test('a dead letter that is corrected on the page is counted, once', options, async (t) => {
  const system = await System.create(t, { MILLRACE_GENERATE: 'off' })
  await system.up()
  const view = {
    page_id: '',
    user_id: 'u-1',
    view_duration_ms: 1_000,
    timestamp: new Date().toISOString(),
    is_bounce: false,
  }
  await appendValues(system, [JSON.stringify(view)])
  const page = await openPage(t, system.consumerUrl)
  await page.locator('#samples details summary').first().click()
  const text = page.getByRole('textbox', { name: 'Corrected message' })
  await text.focus()
  await eventually('the message to be there', async () => (await text.inputValue()).includes('"page_id":""'))
  await page.getByRole('button', { name: 'Correct and replay' }).click()
  await page.getByText('it would be rejected again, as empty_page_id').waitFor()
  await text.fill(JSON.stringify({ ...view, page_id: '/mended' }))
  await page.getByRole('button', { name: 'Correct and replay' }).click()
  await page.getByText(/^Sent as [0-9a-f-]{36}/).waitFor()
  await page.locator('#pages').getByText('/mended').waitFor()
  const { total, dead_letters: letters } = await system.get(
    `${system.consumerUrl}/dead-letters?state=resolved`,
  )
  assert.equal(total, 1)
  assert.match(letters[0].resolved.how, /^replayed as /)
  assert.equal((await system.get(`${system.consumerUrl}/dead-letters`)).total, 0)
  const { pages } = await system.get(`${system.consumerUrl}/query/aggregates?hours=1`)
  assert.deepEqual(
    pages.map(({ page_id, view_count }: { page_id: string; view_count: number }) => [page_id, view_count]),
    [['/mended', 1]],
  )
})

test('axe finds nothing, in light and dark, wide and narrow', options, async (t) => {
  const system = await System.create(t, { MILLRACE_SPEED: '100' })
  await system.up()
  for (const colorScheme of ['light', 'dark'] as const) {
    for (const width of [1_440, 390]) {
      const page = await openPage(t, system.consumerUrl, {
        bypassCSP: true,
        colorScheme,
        viewport: { width, height: 900 },
      })
      await page.locator('#pages tr').nth(5).waitFor()
      assert.deepEqual(await findings(page), [], `${colorScheme}, ${width} wide`)
      const overflow = await page.evaluate('document.documentElement.scrollWidth - innerWidth')
      assert.ok(Number(overflow) <= 0, `${overflow} pixels too wide at ${width}`)
      await page.close()
    }
  }
})

/** It may have ended since it was seen. */
function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}

async function clickHouses(root: number): Promise<number[]> {
  const found: number[] = []
  for (const pid of await processTree(root)) {
    const command = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')
    if (command.includes('server-process')) found.push(pid)
  }
  return found
}
