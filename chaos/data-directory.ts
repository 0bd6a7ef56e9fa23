import { execFile } from 'node:child_process'
import { cp, mkdir, mkdtemp, open, rename, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Shape } from './shape.ts'

/** Of a small disk: room for many rounds, and soon filled. */
const SMALL_BYTES = 2 ** 30

const run = promisify(execFile)

/** Where a system keeps everything; removed with the system, unless it is kept. */
export class DataDirectory implements AsyncDisposable {
  /** Holds the data directory, and the brokers' directories beside it. */
  readonly root: string
  readonly path: string
  readonly #isMounted: boolean
  #kept = false

  private constructor(root: string, isMounted: boolean) {
    this.root = root
    this.path = join(root, 'data')
    this.#isMounted = isMounted
  }

  static async make({ disk }: Shape): Promise<DataDirectory> {
    const made = new DataDirectory(await mkdtemp(join(tmpdir(), 'millrace-chaos-')), disk === 'small')
    await mkdir(made.path)
    if (made.#isMounted) await mount(made.path, SMALL_BYTES)
    return made
  }

  /** Leaves no byte of room. */
  async fill(): Promise<void> {
    const file = await open(this.#ballast, 'a')
    try {
      for (const bytes of [2 ** 23, 2 ** 16, 2 ** 12]) {
        const block = Buffer.alloc(bytes)
        while (await written(file.write(block))) {
          // Until there is no room for a block of this size.
        }
      }
    } finally {
      await file.close()
    }
  }

  /** Makes room again. */
  async free(): Promise<void> {
    await rm(this.#ballast, { force: true })
  }

  get #ballast(): string {
    return join(this.path, 'ballast')
  }

  keep(): void {
    this.#kept = true
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.free()
    const copy = join(this.root, 'copy')
    if (this.#kept && this.#isMounted) await cp(this.path, copy, { recursive: true })
    if (this.#isMounted) await run('umount', ['--lazy', this.path])
    if (!this.#kept) return rm(this.root, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 })
    if (!this.#isMounted) return
    await rm(this.path, { recursive: true })
    await rename(copy, this.path)
  }
}

/** Why there can be no small disk here, as a sentence; undefined when there can be one. */
export async function whyNoSmallDisk(): Promise<string | undefined> {
  const directory = await mkdtemp(join(tmpdir(), 'millrace-chaos-mount-'))
  try {
    await mount(directory, 2 ** 20)
    await run('umount', [directory])
    return undefined
  } catch (error) {
    return `a file system in memory cannot be mounted here (${String(error).trim().split('\n').at(-1)})`
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}

async function mount(path: string, bytes: number): Promise<void> {
  await run('mount', ['-t', 'tmpfs', '-o', `size=${bytes},mode=0700`, 'millrace-chaos', path])
}

async function written(writing: Promise<{ bytesWritten: number }>): Promise<boolean> {
  try {
    await writing
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOSPC') return false
    throw error
  }
}
