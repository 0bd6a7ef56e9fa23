import { closeSync, mkdirSync, openSync, readdirSync, readFileSync, rmSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { MillraceError, messageOf } from '../../errors.ts'
import type { RejectReason } from '../../event/outcome.ts'

/** What is sent at once, as far as it matters when nobody knows whether it arrived. */
export interface Sent {
  readonly messages: number
  /** The ids of its page views. */
  readonly views: readonly string[]
  readonly invalid: Readonly<Partial<Record<RejectReason, number>>>
}

/** A line of a file: the sending with this number. */
interface Line extends Sent {
  readonly n: number
}

/** Which sendings of a file are finished: all below `next` but the open ones. */
export interface FileState {
  readonly next: number
  readonly open: readonly number[]
}

/** A sending in its file. */
export interface Place {
  readonly file: SendingFile
  readonly n: number
}

export interface SendingFile {
  readonly name: string
  next: number
  bytes: number
  readonly open: Set<number>
}

/** A file is as large as this when the next one is begun. */
const FILE_BYTES = 8 * 2 ** 20

/**
 * What is being sent, written down before it is, in files of this process's own: a line for each sending. They are there so that
 * a killed process leaves behind what it was sending, and the kernel keeps what was written for it; nothing is synchronised with the
 * disk, since that would be waited for before each message. Which sendings are finished is kept with the ledger,
 * in the transaction that counts them. A file whose sendings are all finished is removed.
 */
export class SendingFiles {
  readonly #directory: string
  readonly #files = new Set<SendingFile>()
  #current: SendingFile | undefined
  #fd = -1
  #made = 0

  constructor(directory: string) {
    this.#directory = directory
  }

  /**
   * @param views the ids of the page views, as a JSON array
   * @throws MillraceError `log_full`, `file_unusable`
   */
  begin(counts: Omit<Sent, 'views'>, views: Buffer): Place {
    const file = this.#current && this.#current.bytes < FILE_BYTES ? this.#current : this.#another()
    const n = file.next
    const line = lineOf({ n, ...counts }, views)
    try {
      if (writeSync(this.#fd, line) < line.length) throw new Error('no space left for a whole line')
    } catch (cause) {
      // Nothing may stand behind the half of a line.
      this.close()
      throw unusable(this.#directory, cause)
    }
    file.next += 1
    file.bytes += line.length
    file.open.add(n)
    return { file, n }
  }

  /** The files that are not all finished, and the one that is being written. */
  states(): [name: string, state: FileState][] {
    return Array.from(this.#files, ({ name, next, open }) => [name, { next, open: [...open] }])
  }

  /**
   * Removes the files whose sendings are finished. Called when the ledger knows that they are.
   *
   * @returns their names
   */
  removeFinished(): string[] {
    const removed = [...this.#files].filter((file) => file !== this.#current && file.open.size === 0)
    for (const file of removed) {
      rmSync(join(this.#directory, file.name), { force: true })
      this.#files.delete(file)
    }
    return removed.map(({ name }) => name)
  }

  /** No more is sent: the file that is being written can be removed as well when it is finished. */
  close(): void {
    if (this.#fd >= 0) closeSync(this.#fd)
    this.#fd = -1
    this.#current = undefined
  }

  #another(): SendingFile {
    this.close()
    const name = `${Date.now()}-${process.pid}-${this.#made++}.ndjson`
    try {
      mkdirSync(this.#directory, { recursive: true, mode: 0o700 })
      this.#fd = openSync(join(this.#directory, name), 'ax', 0o600)
    } catch (cause) {
      throw unusable(this.#directory, cause)
    }
    this.#current = { name, next: 0, bytes: 0, open: new Set() }
    this.#files.add(this.#current)
    return this.#current
  }
}

/** JSON of a Line. */
function lineOf(counts: Omit<Line, 'views'>, views: Buffer): Buffer {
  const before = `${JSON.stringify(counts).slice(0, -1)},"views":`
  return Buffer.concat([Buffer.from(before), views, Buffer.from('}\n')])
}

/** All that is in the files of a directory now, those of other processes too. */
export function readSendings(directory: string): Map<string, Line[]> {
  const files = new Map<string, Line[]>()
  for (const name of namesIn(directory)) {
    const text = readIfThere(join(directory, name))
    // A line without its end is being written, or was when the process was killed: nothing of it has been sent.
    const lines = text.slice(0, text.lastIndexOf('\n') + 1).split('\n')
    files.set(
      name,
      lines.filter(Boolean).map((line) => JSON.parse(line) as Line),
    )
  }
  return files
}

function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory).filter((name) => name.endsWith('.ndjson'))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw unusable(directory, error)
  }
}

/** A file that is gone was finished, and the ledger says so. */
function readIfThere(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return ''
    throw unusable(path, error)
  }
}

function unusable(path: string, cause: unknown): MillraceError {
  if (/ENOSPC|EDQUOT|no space left/.test(messageOf(cause))) {
    return new MillraceError('log_full', `the disk of ${path} is full`, { cause, hint: 'Make room there.' })
  }
  return new MillraceError('file_unusable', `${path} cannot be used: ${messageOf(cause)}`, {
    cause,
    hint: 'It must be a directory that this user may write, with room on its disk.',
  })
}
