import { createReadStream } from 'node:fs'
import { open, stat } from 'node:fs/promises'
import { createGunzip } from 'node:zlib'
import { MillraceError, messageOf } from '../errors.ts'

/** A line of a file, without its end. */
export interface Line {
  /** From 1. */
  readonly number: number
  /** Its bytes, whatever they are; of a longer line the first `LONGEST_LINE` of them. */
  readonly bytes: Buffer
  readonly isCut: boolean
}

/** Longer lines are no log lines: servers refuse such requests. */
export const LONGEST_LINE = 65_536

const CHUNK = 256 * 1_024

export interface FileToRead {
  readonly path: string
  /** As it lies on the disk, compressed or not. */
  readonly bytes: number
  readonly isGzip: boolean
}

/**
 * Looks at a file before it is read. Whether it is compressed is seen from its bytes, not from its name.
 *
 * @throws MillraceError `file_unusable`
 */
export async function inspectFile(path: string): Promise<FileToRead> {
  try {
    const found = await stat(path)
    if (found.isDirectory()) throw new Error('it is a directory')
    // A pipe can be read once only, and opening one may wait for ever.
    if (!found.isFile()) throw new Error('it is no regular file')
    await using file = await open(path)
    const head = Buffer.alloc(2)
    await file.read(head, 0, 2, 0)
    return { path, bytes: found.size, isGzip: head[0] === 0x1f && head[1] === 0x8b }
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === 'ENOENT'
    throw new MillraceError(
      'file_unusable',
      `${path} cannot be read: ${missing ? 'there is no such file' : messageOf(error)}`,
      {
        cause: error,
        hint: 'Give access logs, plain or compressed with gzip, or - for standard input.',
      },
    )
  }
}

/**
 * The lines of a file, many at a time, in bounded memory. A line ends with LF or CR LF; the last one need not.
 *
 * @param onBytes told how many bytes of the file have been read since the last time, compressed where it is
 * @throws MillraceError `file_unusable` when the file is cut off or cannot be read to its end
 */
export async function* readLines(file: FileToRead, onBytes: (bytes: number) => void): AsyncGenerator<Line[]> {
  const source = createReadStream(file.path, { highWaterMark: CHUNK })
  source.on('data', (chunk) => onBytes(chunk.length))
  const stream = file.isGzip ? source.pipe(createGunzip({ chunkSize: CHUNK })) : source
  source.on('error', (error) => stream.destroy(error))
  const splitter = new LineSplitter()
  try {
    for await (const chunk of stream) yield splitter.split(chunk as Buffer)
    yield splitter.end()
  } catch (error) {
    throw new MillraceError('file_unusable', `${file.path} cannot be read to its end: ${messageOf(error)}`, {
      cause: error,
    })
  } finally {
    source.destroy()
  }
}

/** Cuts a stream of bytes into lines, wherever its chunks begin and end. */
export class LineSplitter {
  #number = 0
  #rest: Buffer = Buffer.alloc(0)
  #isCut = false

  split(chunk: Buffer): Line[] {
    const lines: Line[] = []
    let start = 0
    for (let end = chunk.indexOf(0x0a); end >= 0; end = chunk.indexOf(0x0a, start)) {
      lines.push(this.#line(chunk.subarray(start, end)))
      start = end + 1
    }
    this.#keep(chunk.subarray(start))
    return lines
  }

  /** The line that had no end. */
  end(): Line[] {
    return this.#rest.length === 0 ? [] : [this.#line(Buffer.alloc(0))]
  }

  #line(last: Buffer): Line {
    this.#keep(last)
    const isCut = this.#isCut
    const bytes = this.#rest.at(-1) === 0x0d ? this.#rest.subarray(0, -1) : this.#rest
    this.#rest = Buffer.alloc(0)
    this.#isCut = false
    this.#number += 1
    return { number: this.#number, bytes, isCut }
  }

  #keep(bytes: Buffer): void {
    const room = LONGEST_LINE - this.#rest.length
    if (bytes.length > room) this.#isCut = true
    const part = bytes.subarray(0, Math.max(0, room))
    this.#rest = this.#rest.length === 0 ? part : Buffer.concat([this.#rest, part])
  }
}
