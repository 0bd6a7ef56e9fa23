import fc from 'fast-check'
import type { PageViewRow } from '../helpers/page-view-rows.ts'

/** A page view with sensible values, some of them replaced. */
export function pageViewRow(
  changes: Partial<Omit<PageViewRow, 'view'>> & { view?: Partial<PageViewRow['view']> } = {},
): PageViewRow {
  return {
    eventId: '01890a5d-ac96-774b-bcce-b302099a8057',
    partition: 0,
    offset: 0,
    ...changes,
    view: {
      pageId: '/pricing',
      userId: 'u-1',
      durationMs: 15_320,
      timestampMs: Date.UTC(2026, 10, 23, 5, 12, 44, 120),
      userAgent: 'Mozilla/5.0',
      ipAddress: '203.0.113.9',
      region: 'EU',
      isBounce: false,
      ...changes.view,
    },
  }
}

/** A UUID out of a small number. */
export function uuidOf(n: number): string {
  return `00000000-0000-8000-8000-${n.toString(16).padStart(12, '0')}`
}

/** Text of every kind: empty, long, quotes, NUL, characters of four bytes, halves of pairs. */
export const anyText: fc.Arbitrary<string> = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 60 }),
  fc.string({
    unit: fc.integer({ min: 0, max: 0xffff }).map((unit) => String.fromCharCode(unit)),
    maxLength: 20,
  }),
  fc.constantFrom('', '\0', '\'\\\n\t"', '\ud800', 'é'.repeat(43), 'x'.repeat(20_000), '\\N', 'NULL'),
)
