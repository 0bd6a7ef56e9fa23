import { Queue } from './queue.ts'
import { type Timed, TimeHeap } from './time-heap.ts'

/** A page view of a log, before it is known what its visitor does next. */
export interface View extends Timed {
  /** Who: the same for all views of a visitor. */
  readonly visitor: string
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
  readonly #inOrder: TimeHeap<V>
  /** The last view of each visitor who is there. */
  readonly #pending = new Map<string, Pending<V>>()
  /**
   * All of them, the earliest first, with those that another view of the visitor has followed. A queue of its own, since taking the
   * first entry out of a map again and again takes time by the square of its size.
   */
  readonly #queue = new Queue<Pending<V>>()
  #latestMs = Number.NEGATIVE_INFINITY
  #finished: FinishedView<V>[] = []
  visits = 0

  constructor(most = MOST_WAITING) {
    this.#most = most
    this.#inOrder = new TimeHeap()
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
    const pending = { view, isFirst: before === undefined }
    this.#pending.set(view.visitor, pending)
    this.#queue.push(pending)
  }

  #endVisits(nowMs: number): void {
    for (let first = this.#queue.first; first; first = this.#queue.first) {
      const isOver = nowMs - first.view.timestampMs > VISIT_ENDS_AFTER_MS
      if (!isOver && this.#queue.size < this.#most) return
      this.#endFirst()
    }
  }

  #endFirst(): void {
    const pending = this.#queue.shift()
    if (this.#pending.get(pending.view.visitor) !== pending) return
    this.#pending.delete(pending.view.visitor)
    this.#finish(pending, null)
  }

  #endAll(): void {
    while (this.#inOrder.size > 0) this.#visit(this.#inOrder.shift())
    while (this.#queue.size > 0) this.#endFirst()
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
