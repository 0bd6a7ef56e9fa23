import { createLogUpdate } from 'log-update'

/** A line of progress on a terminal, which the next one replaces; elsewhere nothing is written. */
export class Progress {
  readonly #update: ReturnType<typeof createLogUpdate> | undefined

  constructor(stream: NodeJS.WriteStream) {
    this.#update = stream.isTTY ? createLogUpdate(stream) : undefined
  }

  /** Whether anybody sees it. */
  get isShown(): boolean {
    return this.#update !== undefined
  }

  show(text: string): void {
    this.#update?.(text)
  }

  /** Puts a line above what is shown. */
  say(line: string): void {
    this.#update?.persist(line)
  }

  /** Leaves what was shown last, and goes on below it. */
  keep(): void {
    this.#update?.done()
  }

  clear(): void {
    this.#update?.clear()
  }
}
