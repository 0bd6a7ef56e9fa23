import { isoTime, type PageView } from '../../event/page-view.ts'
import type { Visitor } from './visitors.ts'

/** What of a visitor's events is always the same: the JSON before the duration, and behind the time. */
interface Fixed {
  readonly before: string
  readonly behind: string
}

const ofVisitor = new WeakMap<Visitor, Fixed>()
const ofPage = new Map<string, string>()

/**
 * JSON.stringify(toWire(view)), put together from parts that were written before: the same texts come again and again.
 *
 * @param visitor whose fields are in the view
 */
export function wireJson({ pageId, durationMs, timestampMs, isBounce }: PageView, visitor: Visitor): string {
  let page = ofPage.get(pageId)
  if (page === undefined) {
    page = `{"page_id":${JSON.stringify(pageId)}`
    ofPage.set(pageId, page)
  }
  let fixed = ofVisitor.get(visitor)
  if (fixed === undefined) {
    fixed = fixedOf(visitor)
    ofVisitor.set(visitor, fixed)
  }
  return `${page}${fixed.before}${durationMs},"timestamp":"${isoTime(timestampMs)}"${fixed.behind}${isBounce}}`
}

function fixedOf({ userId, userAgent, ipAddress, region }: Visitor): Fixed {
  const optional = (name: string, value: string): string =>
    value === '' ? '' : `,"${name}":${JSON.stringify(value)}`
  return {
    before: `,"user_id":${JSON.stringify(userId)},"view_duration_ms":`,
    behind: `${optional('user_agent', userAgent)}${optional('ip_address', ipAddress)}${optional('region', region)},"is_bounce":`,
  }
}
