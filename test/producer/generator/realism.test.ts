import assert from 'node:assert/strict'
import { isIPv4, isIPv6 } from 'node:net'
import { test } from 'node:test'
import type { PageView } from '../../../src/event/page-view.ts'
import { PAGES } from '../../../src/producer/generator/pages.ts'
import { USER_AGENTS } from '../../../src/producer/generator/user-agents.ts'
import { made, viewOf } from './made.ts'

const VIEWS: readonly PageView[] = made({ count: 100_000, shares: { invalid: 0, repeats: 0 } }).map(viewOf)

function count(views: readonly PageView[], of: (view: PageView) => string): Map<string, number> {
  const counts = new Map<string, number>()
  for (const view of views) counts.set(of(view), (counts.get(of(view)) ?? 0) + 1)
  return counts
}

test('no page and no user agent is listed twice', () => {
  assert.equal(new Set(PAGES).size, PAGES.length)
  assert.equal(new Set(USER_AGENTS).size, USER_AGENTS.length)
})

test("pages follow Zipf's law: rank k has 1/k of the views of the first", () => {
  const pages = count(VIEWS, ({ pageId }) => pageId)
  const first = pages.get(PAGES[0]!)!
  for (const rank of [2, 4, 8, 16]) {
    const ratio = first / pages.get(PAGES[rank - 1]!)!
    assert.ok(Math.abs(ratio - rank) < rank * 0.15, `rank ${rank}: 1/${ratio}`)
  }
  assert.equal(pages.size, PAGES.length)
})

test('visitors come back, and keep what they are', () => {
  const visitors = count(VIEWS, ({ userId }) => userId)
  assert.ok(visitors.size > 1_000 && visitors.size <= 5_000, `${visitors.size} visitors`)
  const profiles = count(VIEWS, ({ userId, userAgent, ipAddress, region }) =>
    JSON.stringify([userId, userAgent, ipAddress, region]),
  )
  assert.equal(profiles.size, visitors.size)
})

test('addresses of both families, out of the ranges for documentation; what is optional is missing at times', () => {
  const addresses = [...count(VIEWS, ({ ipAddress }) => ipAddress).keys()]
  for (const address of addresses) {
    assert.match(address, /^$|^192\.0\.2\.|^198\.51\.100\.|^203\.0\.113\.|^2001:db8:/)
  }
  assert.ok(addresses.some(isIPv4))
  assert.ok(addresses.some(isIPv6))
  for (const field of ['ipAddress', 'userAgent', 'region'] as const) {
    const missing = VIEWS.filter((view) => view[field] === '').length / VIEWS.length
    assert.ok(missing > 0.002 && missing < 0.1, `${field} is missing in ${missing}`)
  }
  assert.ok(count(VIEWS, ({ region }) => region).size >= 6)
})
