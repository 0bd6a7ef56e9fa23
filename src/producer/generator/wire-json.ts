import { isoTime, type PageView } from '../../event/page-view.ts'
import type { Slab } from './slab.ts'
import type { Visitor } from './visitors.ts'

/** What of a visitor's events is always the same: the JSON before the duration, and behind the time. */
interface Fixed {
  readonly before: Uint8Array
  readonly behind: Uint8Array
}

type Own = Pick<PageView, 'pageId' | 'durationMs' | 'timestampMs' | 'isBounce'>

const TRUE = Buffer.from('true}')
const FALSE = Buffer.from('false}')

/** As many digits as 2^31 has. */
const MOST_DIGITS = 10
const ZERO = 48

/**
 * JSON.stringify(toWire(view)) as bytes, put together from parts that were written before: the same ones come again and again, and making a
 * text of them and bytes of that text took three times as long.
 */
export class WireJson {
  readonly #ofVisitor = new Map<Visitor, Fixed>()
  readonly #ofPage = new Map<string, Uint8Array>()
  readonly #digits = new Uint8Array(MOST_DIGITS)
  #time = { ms: Number.NaN, bytes: Buffer.alloc(0) as Uint8Array }

  /**
   * @param view its duration a whole number from 0 up to 2^31
   * @param visitor the rest of the event; all that were ever given are remembered
   */
  write(slab: Slab, { pageId, durationMs, timestampMs, isBounce }: Own, visitor: Visitor): Uint8Array {
    let page = this.#ofPage.get(pageId)
    if (page === undefined) {
      page = Buffer.from(`{"page_id":${JSON.stringify(pageId)}`)
      this.#ofPage.set(pageId, page)
    }
    let fixed = this.#ofVisitor.get(visitor)
    if (fixed === undefined) {
      fixed = fixedOf(visitor)
      this.#ofVisitor.set(visitor, fixed)
    }
    // Events come in the order of their times, many of them in one millisecond.
    if (this.#time.ms !== timestampMs) {
      this.#time = { ms: timestampMs, bytes: Buffer.from(`,"timestamp":"${isoTime(timestampMs)}"`) }
    }
    const { before, behind } = fixed
    const time = this.#time.bytes
    const end = isBounce ? TRUE : FALSE
    slab.begin(page.length + before.length + MOST_DIGITS + time.length + behind.length + end.length)
    slab.add(page)
    slab.add(before)
    this.#addDigits(slab, durationMs)
    slab.add(time)
    slab.add(behind)
    slab.add(end)
    return slab.end()
  }

  #addDigits(slab: Slab, whole: number): void {
    const digits = this.#digits
    let from = MOST_DIGITS
    let rest = whole
    do {
      const next = (rest / 10) | 0
      digits[--from] = ZERO + rest - 10 * next
      rest = next
    } while (rest > 0)
    for (; from < MOST_DIGITS; from++) slab.addByte(digits[from]!)
  }
}

function fixedOf({ userId, userAgent, ipAddress, region }: Visitor): Fixed {
  const optional = (name: string, value: string): string =>
    value === '' ? '' : `,"${name}":${JSON.stringify(value)}`
  return {
    before: Buffer.from(`,"user_id":${JSON.stringify(userId)},"view_duration_ms":`),
    behind: Buffer.from(
      `${optional('user_agent', userAgent)}${optional('ip_address', ipAddress)}${optional('region', region)},"is_bounce":`,
    ),
  }
}
