/** A page view of a log, before it is known what its visitor does next. */
export interface View {
  /** Who: the same for all views of a visitor. */
  readonly visitor: string
  readonly timestampMs: number
}

/** A page view of which all is known. */
export interface FinishedView<V extends View> {
  readonly view: V
  /** The time to the visitor's next page view of this visit, in milliseconds; 0 for the last one. */
  readonly durationMs: number
  /** Whether it was the only one of its visit. */
  readonly isBounce: boolean
}

/** A visitor who does nothing for longer than this has left. */
const VISIT_ENDS_AFTER_MS = 30 * 60_000

/** Web servers write a line when a request ends, so lines are out of order: by as much they are put in order again. */
const OUT_OF_ORDER_MS = 5 * 60_000

/** Bounds of memory, for sites with more than a hundred page views a second: what is over it is finished early. */
const MOST_WAITING = 200_000

interface Pending<V extends View> {
  readonly view: V
  readonly isFirst: boolean
}

/**
 * Puts page views in order and finds out how long each was looked at. It depends on nothing but the views and their order in the
 * file, so that the same file always gives the same events.
 *
 * A line that is earlier than what came before it by more than five minutes begins anew: logs that were joined, or a clock that was
 * set. Visits end there.
 */
export class Visits<V extends View> {
  readonly #most: number
  readonly #inOrder: Heap<V>
  /** The last view of each visitor who is there, the one who came earliest first. */
  readonly #pending = new Map<string, Pending<V>>()
  #latestMs = Number.NEGATIVE_INFINITY
  #finished: FinishedView<V>[] = []
  visits = 0

  constructor(most = MOST_WAITING) {
    this.#most = most
    this.#inOrder = new Heap()
  }

  /** Takes the next page view of the file, and gives back those that are finished by it. */
  add(view: V): FinishedView<V>[] {
    if (view.timestampMs < this.#latestMs - OUT_OF_ORDER_MS) {
      this.#endAll()
      this.#latestMs = Number.NEGATIVE_INFINITY
    }
    this.#latestMs = Math.max(this.#latestMs, view.timestampMs)
    this.#inOrder.push(view)
    while (this.#inOrder.size > this.#most || this.#isInOrder(this.#inOrder.first))
      this.#visit(this.#inOrder.shift())
    return this.#take()
  }

  /** The rest, at the end of the file. */
  end(): FinishedView<V>[] {
    this.#endAll()
    return this.#take()
  }

  #isInOrder(view: V | undefined): boolean {
    return view !== undefined && view.timestampMs <= this.#latestMs - OUT_OF_ORDER_MS
  }

  #visit(view: V): void {
    this.#endVisits(view.timestampMs)
    const before = this.#pending.get(view.visitor)
    // Where so many wait that they are not quite in order, the next view may be the earlier one.
    if (before) this.#finish(before, Math.max(0, view.timestampMs - before.view.timestampMs))
    else this.visits += 1
    // Taken out and put in again, so that the one who has been quiet for longest comes first.
    this.#pending.delete(view.visitor)
    this.#pending.set(view.visitor, { view, isFirst: before === undefined })
  }

  #endVisits(nowMs: number): void {
    for (const [visitor, pending] of this.#pending) {
      const isOver = nowMs - pending.view.timestampMs > VISIT_ENDS_AFTER_MS
      if (!isOver && this.#pending.size < this.#most) return
      this.#pending.delete(visitor)
      this.#finish(pending, null)
    }
  }

  #endAll(): void {
    while (this.#inOrder.size > 0) this.#visit(this.#inOrder.shift())
    for (const pending of this.#pending.values()) this.#finish(pending, null)
    this.#pending.clear()
  }

  #finish({ view, isFirst }: Pending<V>, durationMs: number | null): void {
    this.#finished.push({ view, durationMs: durationMs ?? 0, isBounce: isFirst && durationMs === null })
  }

  #take(): FinishedView<V>[] {
    const finished = this.#finished
    this.#finished = []
    return finished
  }
}

/** Views by time, and those of the same time in the order they came: a binary heap. */
class Heap<V extends View> {
  readonly #items: { view: V; order: number }[] = []
  #count = 0

  get size(): number {
    return this.#items.length
  }

  get first(): V | undefined {
    return this.#items[0]?.view
  }

  push(view: V): void {
    const items = this.#items
    const item = { view, order: this.#count++ }
    let at = items.push(item) - 1
    while (at > 0) {
      const parent = (at - 1) >> 1
      if (!isBefore(item, items[parent]!)) break
      items[at] = items[parent]!
      at = parent
    }
    items[at] = item
  }

  /** The earliest; there must be one. */
  shift(): V {
    const items = this.#items
    const first = items[0]!
    const last = items.pop()!
    if (items.length > 0) {
      let at = 0
      for (;;) {
        let child = 2 * at + 1
        if (child >= items.length) break
        if (child + 1 < items.length && isBefore(items[child + 1]!, items[child]!)) child += 1
        if (!isBefore(items[child]!, last)) break
        items[at] = items[child]!
        at = child
      }
      items[at] = last
    }
    return first.view
  }
}

interface Ordered {
  readonly view: View
  readonly order: number
}

function isBefore(a: Ordered, b: Ordered): boolean {
  return (
    a.view.timestampMs < b.view.timestampMs ||
    (a.view.timestampMs === b.view.timestampMs && a.order < b.order)
  )
}
