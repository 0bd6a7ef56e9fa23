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
