import { closeSync, fstatSync, openSync, renameSync, writeSync } from 'node:fs'
import type { Readable } from 'node:stream'

export interface ServerLogOptions {
  readonly path: string
  /** The size at which the file becomes `….1` and a new one begins, so there are never more than two of this size. */
  readonly maxBytes: number
  /** Called with each line. */
  onLine(line: string): void
}

/** Frames of stack traces. The library has no symbols, so they tell nothing. */
const STACK_FRAME = /^\d+\. .* @ 0x[0-9a-f]+$/
const MAX_LINE = 16_384

/**
 * Writes what the server says on standard error to a file that does not grow without bound. ClickHouse rotates its own
 * log only when it runs as `clickhouse server`.
 */
export function keepServerLog(from: Readable, options: ServerLogOptions): void {
  const file = new RotatedFile(options.path, options.maxBytes)
  const take = (line: string): void => {
    if (line === '' || STACK_FRAME.test(line)) return
    options.onLine(line)
    file.write(`${line}\n`)
  }

  let rest = ''
  from.setEncoding('utf8')
  from.on('data', (text: string) => {
    const lines = (rest + text).split('\n')
    rest = (lines.pop() ?? '').slice(0, MAX_LINE)
    for (const line of lines) take(line.slice(0, MAX_LINE))
  })
  from.once('close', () => {
    take(rest)
    file.close()
  })
}

class RotatedFile {
  readonly #path: string
  readonly #maxBytes: number
  #open: { readonly fd: number; size: number } | undefined

  constructor(path: string, maxBytes: number) {
    this.#path = path
    this.#maxBytes = maxBytes
  }

  /** Errors are swallowed: a full disk must not end the process that watches over the server. */
  write(text: string): void {
    const bytes = Buffer.from(text)
    try {
      let file = this.#file()
      if (file.size + bytes.length > this.#maxBytes) {
        this.close()
        renameSync(this.#path, `${this.#path}.1`)
        file = this.#file()
      }
      file.size += writeSync(file.fd, bytes)
    } catch {}
  }

  close(): void {
    if (this.#open) closeSync(this.#open.fd)
    this.#open = undefined
  }

  #file(): { readonly fd: number; size: number } {
    if (!this.#open) {
      const fd = openSync(this.#path, 'a', 0o600)
      this.#open = { fd, size: fstatSync(fd).size }
    }
    return this.#open
  }
}
