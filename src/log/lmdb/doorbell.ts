import { closeSync, constants, type FSWatcher, openSync, watch, writeSync } from 'node:fs'
import { join } from 'node:path'

const FILE = 'doorbell'

/** For reading and writing at any place, made when it is missing, never cut. */
const FLAGS = constants.O_RDWR | constants.O_CREAT

/** How long a reader sleeps through a lost notification at most, in milliseconds. */
const LOOK_ANYWAY_MS = 1_000

/** Tells readers, also those in other processes, that something was committed: a byte written into a file that they watch. */
export class Doorbell {
  readonly #fd: number
  #closed = false

  constructor(directory: string) {
    this.#fd = openSync(join(directory, FILE), FLAGS, 0o600)
  }

  ring(): void {
    if (this.#closed) return
    try {
      writeSync(this.#fd, RING, 0, 1, 0)
    } catch {
      // A full disk. Readers look anyway, a little later.
    }
  }

  close(): void {
    if (this.#closed) return
    this.#closed = true
    closeSync(this.#fd)
  }
}

const RING = Buffer.from('!')

/** Hears the doorbell. */
export class DoorbellListener {
  readonly #watcher: FSWatcher
  #rings = 0
  #wake: (() => void) | undefined

  constructor(directory: string) {
    closeSync(openSync(join(directory, FILE), FLAGS, 0o600))
    this.#watcher = watch(join(directory, FILE), () => {
      this.#rings += 1
      this.#wake?.()
    })
    // Where watching fails, looking anyway remains.
    this.#watcher.on('error', () => {})
  }

  /** A number that changes with every ring. */
  get rings(): number {
    return this.#rings
  }

  /** Resolves when it has rung since that number was read, after the time, when the signal aborts, and at times without a reason. */
  async sinceRing(rings: number, maxWaitMs: number, signal?: AbortSignal): Promise<void> {
    if (rings !== this.#rings || signal?.aborted) return
    const { promise, resolve } = Promise.withResolvers<void>()
    const timer = setTimeout(resolve, Math.min(maxWaitMs, LOOK_ANYWAY_MS))
    const onAbort = (): void => resolve()
    signal?.addEventListener('abort', onAbort, { once: true })
    this.#wake = resolve
    await promise
    this.#wake = undefined
    signal?.removeEventListener('abort', onAbort)
    clearTimeout(timer)
  }

  close(): void {
    this.#watcher.close()
    this.#wake?.()
  }
}
