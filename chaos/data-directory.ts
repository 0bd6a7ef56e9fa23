import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Shape } from './shape.ts'

/** Where a system keeps everything; removed with the system, unless it is kept. */
export class DataDirectory implements AsyncDisposable {
  /** Holds the data directory, and the brokers' directories beside it. */
  readonly root: string
  readonly path: string
  #kept = false

  private constructor(root: string) {
    this.root = root
    this.path = join(root, 'data')
  }

  static async make(_shape: Shape): Promise<DataDirectory> {
    return new DataDirectory(await mkdtemp(join(tmpdir(), 'millrace-chaos-')))
  }

  /** Makes room again. */
  async free(): Promise<void> {}

  keep(): void {
    this.#kept = true
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#kept) return
    await rm(this.root, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 })
  }
}
