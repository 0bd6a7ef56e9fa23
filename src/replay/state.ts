import { createHash, createSecretKey, type KeyObject, randomBytes } from 'node:crypto'
import { existsSync, linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { MillraceError, messageOf } from '../errors.ts'
import type { FileToRead } from './lines.ts'

/** How far a replay that was interrupted had come. */
export interface Interrupted {
  /** Messages that were acknowledged; the same file gives the same messages in the same order. */
  readonly sent: number
  readonly shiftMs: number
}

const KEY_BYTES = 32

/** What replays keep in the data directory: the key of visitors, and how far interrupted replays had come. */
export class ReplayState {
  readonly directory: string

  /** @throws MillraceError `file_unusable` */
  constructor(dataDir: string) {
    this.directory = join(dataDir, 'replay')
    try {
      mkdirSync(this.directory, { recursive: true, mode: 0o700 })
    } catch (error) {
      throw new MillraceError('file_unusable', `${this.directory} cannot be used: ${messageOf(error)}`, {
        cause: error,
      })
    }
  }

  /** Made once: with another key the same visitors would get other names, and replayed events other payloads. */
  visitorKey(): KeyObject {
    const file = join(this.directory, 'visitor.key')
    try {
      if (!existsSync(file)) this.#makeKey(file)
      const key = Buffer.from(readFileSync(file, 'utf8'), 'hex')
      if (key.length === KEY_BYTES) return createSecretKey(key)
    } catch (error) {
      throw new MillraceError('file_unusable', `${file} cannot be used: ${messageOf(error)}`, {
        cause: error,
      })
    }
    throw new MillraceError('file_unusable', `${file} holds no key of ${KEY_BYTES} bytes`, {
      hint: 'Put it back from a copy. Without it visitors of logs that were replayed before get other names.',
    })
  }

  /** Linked into place whole, so that another replay that begins now sees all of it, and one of two keys wins. */
  #makeKey(file: string): void {
    const made = `${file}.${process.pid}`
    writeFileSync(made, randomBytes(KEY_BYTES).toString('hex'), { mode: 0o600 })
    try {
      linkSync(made, file)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    } finally {
      rmSync(made, { force: true })
    }
  }

  read(fileId: string): Interrupted | undefined {
    try {
      return JSON.parse(readFileSync(this.#path(fileId), 'utf8')) as Interrupted
    } catch {
      return undefined
    }
  }

  write(fileId: string, state: Interrupted): void {
    const path = this.#path(fileId)
    writeFileSync(`${path}.new`, JSON.stringify(state), { mode: 0o600 })
    renameSync(`${path}.new`, path)
  }

  remove(fileId: string): void {
    rmSync(this.#path(fileId), { force: true })
  }

  #path(fileId: string): string {
    return join(this.directory, `${fileId}.json`)
  }
}

/** Tells a file from others by its content: its size, its beginning and its end. */
export async function identify({ path, bytes }: FileToRead): Promise<string> {
  const hash = createHash('sha256').update(`${bytes}\0`)
  await using file = await open(path)
  for (const position of [0, Math.max(0, bytes - 65_536)]) {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(65_536), 0, 65_536, position)
    hash.update(buffer.subarray(0, bytesRead))
  }
  return hash.digest('hex').slice(0, 32)
}
