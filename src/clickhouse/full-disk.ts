import { saysDiskFull } from './failures.ts'

export interface FullDiskOptions {
  /** How much room there is on the server's disk, in bytes. */
  readonly room: () => number
  /** Told that the disk is full, once a minute at most. */
  readonly onFull: () => void
  /** Told once that the server has a part that a full disk left broken, when there is room again. */
  readonly onBroken: () => void
  /** Milliseconds that only rise. */
  readonly monotonic: () => number
}

const SAID_EVERY_MS = 60_000
/** With less room than this a server that is started again may not come up. */
const ROOM_BYTES = 16 * 2 ** 20

/**
 * What one server's log says about a full disk. An insert that met one can leave an active part behind whose files are all empty, though it
 * failed and was not acknowledged. From then on whatever reads the table fails, until the server is started
 * again: it sets the part aside. Without a full disk before, a broken part is another matter, and left to people.
 */
export class FullDisk {
  readonly #options: FullDiskOptions
  #saidAt = Number.NEGATIVE_INFINITY
  #wasFull = false
  #isBroken = false

  constructor(options: FullDiskOptions) {
    this.#options = options
  }

  /** @param line of the server's log */
  see(line: string): void {
    const { room, onFull, onBroken, monotonic } = this.#options
    if (saysDiskFull(line)) {
      this.#wasFull = true
      if (monotonic() - this.#saidAt < SAID_EVERY_MS) return
      this.#saidAt = monotonic()
      onFull()
    } else if (this.#wasFull && !this.#isBroken && saysBroken(line) && room() > ROOM_BYTES) {
      this.#isBroken = true
      onBroken()
    }
  }
}

/** Whether this line says that a part cannot be read. */
function saysBroken(line: string): boolean {
  return /CORRUPTED_DATA|Code: 246\b/.test(line)
}
