import { closeSync, openSync, statSync, writeSync } from 'node:fs'
import { MillraceError, messageOf } from '../errors.ts'
import type { FileToRead, Line } from './lines.ts'

const BUFFERED_BYTES = 65_536

/**
 * Lines that are no log lines, each as it stands, with its file and number in front. It is written at once and not in the
 * background, so that no log can pile up lines in memory.
 */
export class RejectsFile {
  readonly #path: string
  readonly #file: number
  #waiting: Buffer[] = []
  #waitingBytes = 0

  /**
   * @param logs the logs that are read, which it must not be
   * @throws MillraceError `invalid_setting`, `file_unusable`
   */
  constructor(path: string, logs: readonly FileToRead[]) {
    this.#path = path
    const there = statSync(path, { throwIfNoEntry: false })
    for (const log of logs) {
      const { dev, ino } = statSync(log.path)
      if (there?.dev !== dev || there.ino !== ino) continue
      throw new MillraceError(
        'invalid_setting',
        `--rejects ${path} is one of the logs, and would be overwritten`,
        {
          hint: 'Name another file.',
        },
      )
    }
    this.#file = this.#do(() => openSync(path, 'w', 0o600))
  }

  /** @throws MillraceError `file_unusable` */
  write(log: FileToRead, line: Line, why: string): void {
    const text = Buffer.concat([
      Buffer.from(`${log.path}:${line.number}: ${why}: `),
      line.bytes,
      Buffer.from('\n'),
    ])
    this.#waiting.push(text)
    this.#waitingBytes += text.length
    if (this.#waitingBytes >= BUFFERED_BYTES) this.#flush()
  }

  /** @throws MillraceError `file_unusable` when not all of it could be written */
  [Symbol.dispose](): void {
    try {
      this.#flush()
    } finally {
      closeSync(this.#file)
    }
  }

  #flush(): void {
    const bytes = Buffer.concat(this.#waiting)
    this.#waiting = []
    this.#waitingBytes = 0
    this.#do(() => {
      for (let written = 0; written < bytes.length; ) written += writeSync(this.#file, bytes, written)
    })
  }

  #do<T>(what: () => T): T {
    try {
      return what()
    } catch (error) {
      throw new MillraceError('file_unusable', `${this.#path} cannot be written: ${messageOf(error)}`, {
        cause: error,
      })
    }
  }
}
