import { once } from 'node:events'
import { MillraceError } from '../errors.ts'

/**
 * What happens when standard output or standard error can not be written. A reader that has enough, such as `head`, closes its end of
 * the pipe: nothing has failed then, and nobody is left to tell. Anything else, a full disk behind `>`, fails the command.
 */
export class Output {
  #failed: NodeJS.ErrnoException | undefined

  constructor(...streams: readonly NodeJS.WriteStream[]) {
    for (const stream of streams) {
      stream.on('error', (error: NodeJS.ErrnoException) => {
        if (!isClosedPipe(error)) this.#failed ??= error
      })
    }
  }

  /** What the command ends with because of it; undefined when all was written, or nobody reads any more. */
  get failure(): MillraceError | undefined {
    const cause = this.#failed
    if (cause === undefined) return undefined
    return new MillraceError('file_unusable', `the output cannot be written: ${cause.message}`, { cause })
  }

  /** Whether a command has failed by writing, and by nothing else. */
  broke(error: unknown): boolean {
    return isClosedPipe(error) || (error !== undefined && error === this.#failed)
  }
}

/** Whether a write failed since nobody reads what is written. */
function isClosedPipe(error: unknown): boolean {
  const { code, syscall } = (error ?? {}) as NodeJS.ErrnoException
  return code === 'EPIPE' && syscall === 'write'
}

/**
 * Writes as fast as it is read.
 *
 * @throws what the stream failed with, so that whoever writes much does not go on for nobody
 */
export async function write(stream: NodeJS.WriteStream, text: string): Promise<void> {
  if (stream.write(text)) return
  if (stream.errored) throw stream.errored
  await once(stream, 'drain')
}
