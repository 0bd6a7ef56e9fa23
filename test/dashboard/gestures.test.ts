import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import type { CDPSession, Page } from 'playwright-core'
import { noBrowser, openPage } from '../helpers/browser.ts'
import { System } from '../helpers/system.ts'
import { eventually } from '../helpers/wait.ts'

const options = { skip: noBrowser }
/** The whole span of the first range, in seconds. */
const WHOLE = 900

/** What the chart shows, in seconds since the epoch, as uPlot has drawn it. */
interface Shown {
  readonly from: number
  readonly to: number
}

/** A chart with points, and where it lies on the page. */
async function chartOf(t: TestContext, touch = false) {
  const system = await System.create(t, { MILLRACE_SPEED: '20' })
  await system.up()
  const page = await openPage(t, system.consumerUrl, {
    hasTouch: touch,
    viewport: { width: 1_200, height: 900 },
  })
  const chart = page.locator('#chart')
  await chart.locator('canvas').waitFor()
  await eventually('points', async () =>
    /views/.test((await page.locator('#chart-summary').textContent()) ?? ''),
  )
  await chart.scrollIntoViewIfNeeded()
  const over = (await chart.locator('.u-over').boundingBox())!
  const at = (part: number): { x: number; y: number } => ({
    x: over.x + over.width * part,
    y: over.y + over.height / 2,
  })
  return { page, chart, at, over }
}

async function shownOn(page: Page): Promise<Shown> {
  const { from, to } = await page.evaluate<{ from: string; to: string }>(
    "({ ...document.querySelector('#chart').dataset })",
  )
  return { from: Number(from), to: Number(to) }
}

/** Waits until the chart shows a span of about so many seconds. */
async function isWide(page: Page, seconds: number): Promise<Shown> {
  let shown = await shownOn(page)
  await eventually(`a span of ${seconds} s`, async () => {
    shown = await shownOn(page)
    assert.ok(isNear(shown.to - shown.from, seconds, 0.03 * WHOLE), `${shown.to - shown.from} s`)
    return true
  })
  return shown
}

function isNear(a: number, b: number, by: number): boolean {
  return Math.abs(a - b) <= by
}

test('keys zoom, move and go back; what is shown is told', options, async (t) => {
  const { page, chart } = await chartOf(t)
  const told = page.locator('#chart-shown')
  const whole = await isWide(page, WHOLE)
  assert.equal(await told.textContent(), '')
  await chart.press('+')
  const half = await isWide(page, WHOLE / 2)
  // The span itself moves on with the time.
  assert.ok(isNear(half.from + half.to, whole.from + whole.to, 30))
  assert.match((await told.textContent()) ?? '', /^Shown: \d\d:\d\d:\d\d to \d\d:\d\d:\d\d$/)
  await chart.press('ArrowLeft')
  const moved = await shownOn(page)
  assert.ok(isNear(moved.from, half.from - WHOLE / 8, 1), `${moved.from} is not earlier than ${half.from}`)
  await chart.press('ArrowRight')
  assert.ok(isNear((await shownOn(page)).from, half.from, 1))
  await chart.press('-')
  await isWide(page, WHOLE)
  await chart.press('+')
  await chart.press('Escape')
  await isWide(page, WHOLE)
  assert.equal(await told.textContent(), '')
})

test(
  'the mouse: a stretch is dragged, with Shift the axis, a double click shows everything',
  options,
  async (t) => {
    const { page, at } = await chartOf(t)
    const drag = async (from: number, to: number): Promise<void> => {
      await page.mouse.move(at(from).x, at(from).y)
      await page.mouse.down()
      await page.mouse.move(at((from + to) / 2).x, at(0).y)
      await page.mouse.move(at(to).x, at(to).y)
      await page.mouse.up()
    }
    const whole = await isWide(page, WHOLE)
    await drag(0.25, 0.75)
    const half = await isWide(page, WHOLE / 2)
    assert.ok(isNear(half.from, whole.from + WHOLE / 4, 30))
    await page.keyboard.down('Shift')
    await drag(0.25, 0.5)
    await page.keyboard.up('Shift')
    const moved = await isWide(page, WHOLE / 2)
    assert.ok(isNear(moved.from, half.from - WHOLE / 8, 15), `${moved.from}, before ${half.from}`)
    await page.mouse.dblclick(at(0.5).x, at(0.5).y)
    await isWide(page, WHOLE)
  },
)

test(
  'the wheel: pinching zooms around the pointer, sideways moves, and plainly it scrolls the page',
  options,
  async (t) => {
    const { page, at } = await chartOf(t)
    await page.mouse.move(at(0.25).x, at(0.25).y)
    const before = await isWide(page, WHOLE)
    await page.mouse.wheel(0, 120)
    await eventually('the page to be scrolled', async () => Number(await page.evaluate('scrollY')) > 0)
    await isWide(page, WHOLE)
    await page.evaluate('scrollTo(0, 0)')

    const box = (await page.locator('#chart .u-over').boundingBox())!
    await page.mouse.move(box.x + box.width / 4, box.y + box.height / 2)
    await page.keyboard.down('Control')
    await page.mouse.wheel(0, -100 * Math.LN2)
    await page.keyboard.up('Control')
    const zoomed = await isWide(page, WHOLE / 2)
    const around = before.from + WHOLE / 4
    assert.ok(
      isNear(zoomed.from + (zoomed.to - zoomed.from) / 4, around, 30),
      `${zoomed.from}, not around ${around}`,
    )
    await page.mouse.wheel(box.width / 2, 0)
    await eventually('the axis to be moved', async () =>
      isNear((await shownOn(page)).from, zoomed.from + WHOLE / 4, 15),
    )
  },
)

test('fingers: two zoom, one moves what is zoomed', options, async (t) => {
  const { page, at } = await chartOf(t, true)
  const session = await page.context().newCDPSession(page)
  await isWide(page, WHOLE)
  await touch(session, [[at(0.5)], [at(0.4)], [at(0.3)]])
  await isWide(page, WHOLE)
  await touch(session, [
    [at(0.4), at(0.6)],
    [at(0.35), at(0.65)],
    [at(0.3), at(0.7)],
  ])
  const half = await isWide(page, WHOLE / 2)
  await touch(session, [[at(0.3)], [at(0.45)], [at(0.55)]])
  await eventually('the axis to be moved', async () =>
    isNear((await shownOn(page)).from, half.from - WHOLE / 8, 15),
  )
})

/** Fingers that are put down, moved and lifted, as the browser gets them from a screen. */
async function touch(session: CDPSession, steps: readonly { x: number; y: number }[][]): Promise<void> {
  for (const [i, points] of steps.entries()) {
    const touchPoints = points.map((point, id) => ({ ...point, id }))
    await session.send('Input.dispatchTouchEvent', {
      type: i === 0 ? 'touchStart' : 'touchMove',
      touchPoints,
    })
  }
  await session.send('Input.dispatchTouchEvent', { type: 'touchEnd', touchPoints: [] })
}
