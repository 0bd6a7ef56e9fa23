import { mkdirSync } from 'node:fs'
import { ABORT, open, type RootDatabase } from 'lmdb'

/**
 * Keeps the opening of an environment and the transactions of other processes apart.
 *
 * LMDB as lmdb-js has it writes the number of the latest transaction into the lock file whenever an environment is opened, without a lock
 * (mdb_env_open2 in mdb.c, 3.5.6): what was committed between reading that number and writing it is taken back, and the next
 * transaction writes over it. The gate is an environment of its own whose only use is its lock, which is free again when its holder is killed.
 * Nothing is ever committed in it, so its own number is always the same.
 */
export class Gate {
  readonly #environment: RootDatabase
  #isHeld = false

  constructor(path: string) {
    mkdirSync(path, { recursive: true, mode: 0o700 })
    this.#environment = open({ path, noSubdir: false, overlappingSync: false })
  }

  /** Runs something while no other process is between here and there. */
  hold<T>(action: () => T): T {
    if (this.#isHeld) return action()
    let result: { readonly value: T } | undefined
    this.#environment.transactionSync(() => {
      this.#isHeld = true
      try {
        result = { value: action() }
      } finally {
        this.#isHeld = false
      }
      return ABORT
    })
    return result!.value
  }

  close(): Promise<void> {
    return this.#environment.close()
  }
}
