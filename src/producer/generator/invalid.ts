import type { RejectReason } from '../../event/outcome.ts'
import { LIMITS, type WirePageView } from '../../event/page-view.ts'
import type { Random } from '../../random.ts'

/** A way to spoil a page view, and the reason for which it must then be rejected. */
interface Fault {
  readonly reason: RejectReason
  spoil(view: WirePageView, random: Random): string
}

function fault(reason: RejectReason, spoil: Fault['spoil']): Fault {
  return { reason, spoil }
}

/** With some fields replaced. */
function changed(view: WirePageView, changes: Readonly<Record<string, unknown>>): string {
  return JSON.stringify({ ...view, ...changes })
}

export const FAULTS: readonly Fault[] = [
  fault('empty_page_id', (view) => changed(view, { page_id: '' })),
  fault('negative_duration', (view) => changed(view, { view_duration_ms: -1 - view.view_duration_ms })),
  fault('broken_json', (view, random) => {
    const text = JSON.stringify(view)
    // At least the brace that begins it, and never the one that ends it.
    return text.slice(0, 1 + random.below(text.length - 2))
  }),
  fault('missing_field', (view, random) =>
    changed(view, {
      [random.pick(['page_id', 'user_id', 'view_duration_ms', 'timestamp', 'is_bounce'])]: undefined,
    }),
  ),
  fault('wrong_type', (view) => changed(view, { view_duration_ms: String(view.view_duration_ms) })),
  fault('empty_user_id', (view) => changed(view, { user_id: '' })),
  fault('absurd_duration', (view) =>
    changed(view, { view_duration_ms: LIMITS.durationMs + 1 + view.view_duration_ms }),
  ),
  fault('bad_timestamp', (view, random) =>
    changed(view, {
      timestamp: random.pick(['yesterday', '2026-02-30T00:00:00Z', '', view.timestamp.replace('Z', '')]),
    }),
  ),
  fault('bad_ip_address', (view, random) =>
    changed(view, { ip_address: random.pick(['999.1.1.1', '1.2.3', 'localhost', '2001:db8:::1']) }),
  ),
  fault('field_too_long', (view) => changed(view, { page_id: `/${'x'.repeat(LIMITS.pageIdBytes)}` })),
  fault('not_an_object', (view) => JSON.stringify([view])),
  fault('empty_message', () => ''),
]
