import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { test } from 'node:test'
import type { Page } from 'playwright-core'
import { findings, noBrowser, openPage } from '../helpers/browser.ts'
import { processTree, System } from '../helpers/system.ts'
import { eventually } from '../helpers/wait.ts'
import { appendValues } from './log.ts'

const options = { skip: noBrowser }

const CHART_FITS =
  'document.querySelector("#chart .uplot").offsetWidth === document.querySelector("#chart").clientWidth'

test(
  'an empty page says what to do; a burst that is pressed on it arrives in its figures, and in its chart',
  options,
  async (t) => {
    const system = await System.create(t, { MILLRACE_GENERATE: 'off' })
    await system.up()
    const page = await openPage(t, system.consumerUrl, { bypassCSP: true })
    await page.locator('#pages').getByText('send a burst below').waitFor()
    await page.getByText('Nothing was rejected.').waitFor()
    await page.getByText('Not run yet.').waitFor()
    await page.locator('#chart').getByText('No views in this time yet.').waitFor()
    assert.deepEqual(await findings(page), [])

    await page.getByRole('spinbutton', { name: 'Burst' }).fill('700')
    await page.getByRole('button', { name: 'Send burst' }).click()
    await page.locator('#answer').getByText('700 events are on their way.').waitFor()
    await eventually('the views to be in the table', async () => {
      const { processed, valid } = await system.consumerStatus()
      assert.equal(processed, 700)
      const cells = await page.locator('#regions tr td:nth-child(2)').allTextContents()
      const shown = cells.reduce((sum, text) => sum + Number(text.replace(/\D/g, '')), 0)
      assert.equal(shown, valid)
      return true
    })
    assert.ok((await page.locator('#pages tr').count()) > 10)
    const { valid } = await system.consumerStatus()
    await page.getByText(new RegExp(`^${valid} views, by 5 seconds`)).waitFor({ state: 'attached' })
    await eventually('the line to be drawn', async () => (await drawn(page)) > 0)

    const chart = page.getByRole('group', { name: 'Views by five seconds' })
    const whole = page.getByRole('button', { name: 'Whole span' })
    assert.equal(await whole.isEnabled(), false)
    await chart.press('+')
    assert.equal(await whole.isEnabled(), true)
    await chart.press('ArrowLeft')
    await chart.press('0')
    assert.equal(await whole.isEnabled(), false)

    await page.getByRole('button', { name: 'Verify now' }).click()
    await page.getByText(/^Everything agrees, /).waitFor()
    await page.getByText(/^700 messages: /).waitFor()
    await page.getByRole('searchbox', { name: 'Search pages' }).fill('pricing')
    await eventually('only pages that were searched for', async () => {
      const names = await page.locator('#pages tr :is(th, td):first-child').allTextContents()
      return names.length > 0 && names.every((name) => name.includes('pricing'))
    })
  },
)

test('what is killed is red with words within seconds, and heals by itself', options, async (t) => {
  const system = await System.create(t, { MILLRACE_SPEED: '50' })
  const program = await system.up()
  const page = await openPage(t, system.consumerUrl, { bypassCSP: true })
  const troubles = page.locator('#troubles')
  const red = page.locator('.station[data-state="bad"]')
  await page.getByText('Live', { exact: true }).waitFor()
  await eventually('nothing to be wrong', async () => !(await troubles.isVisible()))
  assert.equal(await red.count(), 0)

  const stop = new AbortController()
  t.after(() => stop.abort())
  // A server that is killed once is back before anybody sees it: it is killed until the page has said so.
  const killing = (async () => {
    while (!stop.signal.aborted) {
      for (const pid of await pidsOf(program.child.pid!, 'server-process')) kill(pid)
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
  })()
  await troubles.waitFor({ state: 'visible' })
  assert.match((await troubles.textContent()) ?? '', /store|ClickHouse/i)
  await red.filter({ hasText: 'ClickHouse' }).getByText('does not answer').waitFor()
  assert.deepEqual(await findings(page), [])
  stop.abort()
  await killing
  await troubles.waitFor({ state: 'hidden', timeout: 60_000 })
  await eventually('nothing to be red', async () => (await red.count()) === 0)

  const said = Promise.all([
    page.getByText('Connecting again …').waitFor(),
    red.filter({ hasText: 'Consumer' }).getByText('does not answer this page').waitFor(),
    troubles.getByText('The numbers below are the last known ones.').waitFor(),
  ])
  for (const pid of await pidsOf(program.child.pid!, '\0consumer\0')) kill(pid)
  await said
  await page.getByText('Live', { exact: true }).waitFor({ timeout: 60_000 })
  await troubles.waitFor({ state: 'hidden' })
})

test(
  'rejected messages are shown as text, one that is corrected is counted once; a thousand pages when asked for',
  options,
  async (t) => {
    const system = await System.create(t, { MILLRACE_GENERATE: 'off' })
    await system.up()
    const poison = '<script>document.title="owned"</script><img src=x onerror="document.title=1">'
    const view = viewOf('')
    await appendValues(system, [poison, JSON.stringify(view)])
    const page = await openPage(t, system.consumerUrl)
    const samples = page.locator('#samples details')
    await eventually('both to be there', async () => (await samples.count()) === 2)

    await page.getByRole('button', { name: 'broken json' }).click()
    await eventually('the poison alone', async () => (await samples.count()) === 1)
    await samples.locator('summary').click()
    await samples.locator('dd').getByText(poison).waitFor()
    assert.equal(await page.title(), 'Millrace')
    assert.equal(await page.locator('#samples script, #samples img').count(), 0)

    await page.getByRole('button', { name: 'empty page id' }).click()
    await samples.getByText('"page_id":""').first().waitFor({ state: 'attached' })
    await samples.locator('summary').click()
    const text = page.getByRole('textbox', { name: 'Corrected message' })
    await eventually('the message to be there', async () =>
      (await text.inputValue()).includes('"page_id":""'),
    )
    await page.getByRole('button', { name: 'Correct and replay' }).click()
    await page.getByText('it would be rejected again, as empty_page_id').waitFor()
    await text.fill(JSON.stringify({ ...view, page_id: '/mended' }))
    await page.getByRole('button', { name: 'Correct and replay' }).click()
    await page.locator('#pages').getByText('/mended').waitFor()
    await page.getByText('1 open.').waitFor()
    const { total, dead_letters: letters } = await system.get(
      `${system.consumerUrl}/dead-letters?state=resolved`,
    )
    assert.equal(total, 1)
    assert.match(letters[0].resolved.how, /^replayed as /)
    assert.equal((await system.get(`${system.consumerUrl}/dead-letters`)).total, 1)
    const { pages } = await system.get(`${system.consumerUrl}/query/aggregates?hours=1`)
    assert.deepEqual(
      pages.map(({ page_id, view_count }: { page_id: string; view_count: number }) => [page_id, view_count]),
      [['/mended', 1]],
    )
  },
)

test(
  'every control changes the producer, shows its answer, and says why when it is refused; axe finds nothing',
  options,
  async (t) => {
    const system = await System.create(t, { MILLRACE_SPEED: '100' })
    await system.up()
    for (const colorScheme of ['light', 'dark'] as const) {
      const page = await openPage(t, system.consumerUrl, { bypassCSP: true, colorScheme })
      await page.locator('#samples summary').first().click()
      await page.locator('#pages tr').nth(5).waitFor()
      for (const width of [1_440, 390]) {
        await page.setViewportSize({ width, height: 900 })
        assert.deepEqual(await findings(page), [], `${colorScheme}, ${width} wide`)
      }
      for (const width of [1_440, 820, 390, 320]) {
        await page.setViewportSize({ width, height: 900 })
        const overflow = await page.evaluate('document.documentElement.scrollWidth - innerWidth')
        assert.ok(Number(overflow) <= 0, `${overflow} pixels too wide at ${width}`)
        await eventually('the chart to be as wide as its place', () => page.evaluate(CHART_FITS))
      }
      await page.close()
    }

    const page = await openPage(t, system.consumerUrl)
    const answer = page.locator('#answer')
    const status = () => system.producerStatus()
    await page.getByRole('spinbutton', { name: 'Speed' }).fill('35')
    await page.locator('#speed').getByRole('button', { name: 'Set' }).click()
    await answer.getByText('35/s, whatever the mode.').waitFor()
    assert.equal((await status()).speed_override, 35)

    await page.getByRole('radio', { name: 'Night' }).check()
    await eventually('the mode', async () => (await status()).mode === 'night')
    await answer.getByText('35/s, whatever the mode.').waitFor()
    await page.getByRole('button', { name: 'Leave to the mode' }).click()
    await answer.getByText('Mode night, 0.1/s at the moment.').waitFor()
    const { mode, speed_override: speed } = await status()
    assert.deepEqual({ mode, speed }, { mode: 'night', speed: null })

    await page.getByRole('spinbutton', { name: 'Invalid' }).fill('20')
    await page.getByRole('spinbutton', { name: 'Repeats' }).fill('3')
    await page.locator('#shares').getByRole('button', { name: 'Set' }).click()
    await answer.getByText('invalid 20%, repeats 3%').waitFor()
    const { shares } = await status()
    assert.deepEqual([shares.invalid, shares.repeats], [0.2, 0.03])
    await page.getByRole('spinbutton', { name: 'Bounces' }).fill('90')
    await page.locator('#shares').getByRole('button', { name: 'Set' }).click()
    await page.locator('#answer.refused').getByText('together 1 at most').waitFor()

    await page.getByRole('button', { name: 'Pause' }).click()
    await answer.getByText('Paused.').waitFor()
    assert.equal((await status()).generating, false)
    await page.getByRole('button', { name: 'Resume' }).click()
    await eventually('it to go on', async () => (await status()).generating)
  },
)

/** A page view of this moment. */
function viewOf(page: string) {
  return {
    page_id: page,
    user_id: 'u-1',
    view_duration_ms: 1_000,
    timestamp: new Date().toISOString(),
    is_bounce: false,
  }
}

/** How many pixels of the chart have the colour of its first line. */
async function drawn(page: Page): Promise<number> {
  return page.evaluate<number>(`(() => {
    const canvas = document.querySelector('#chart canvas')
    const probe = document.createElement('canvas').getContext('2d')
    probe.fillStyle = getComputedStyle(document.documentElement).getPropertyValue('--accent')
    probe.fillRect(0, 0, 1, 1)
    const [red, green, blue] = probe.getImageData(0, 0, 1, 1).data
    const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height)
    let found = 0
    for (let i = 0; i < data.length; i += 4)
      if (Math.abs(data[i] - red) + Math.abs(data[i + 1] - green) + Math.abs(data[i + 2] - blue) < 16) found++
    return found
  })()`)
}

/** It may have ended since it was seen. */
function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}

async function pidsOf(root: number, words: string): Promise<number[]> {
  const found: number[] = []
  for (const pid of await processTree(root)) {
    const command = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')
    if (command.includes(words)) found.push(pid)
  }
  return found
}
