/** Something that happened at a time. */
export interface Timed {
  /** Milliseconds since the epoch. */
  readonly timestampMs: number
}

/** Views by time, and those of the same time in the order they came: a binary heap. */
export class TimeHeap<V extends Timed> {
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
  readonly view: Timed
  readonly order: number
}

function isBefore(a: Ordered, b: Ordered): boolean {
  return (
    a.view.timestampMs < b.view.timestampMs ||
    (a.view.timestampMs === b.view.timestampMs && a.order < b.order)
  )
}
