import type { ExitCode } from '../exit-codes.ts'

/** One Ctrl-C may arrive more than once: npm passes on what the terminal has sent to everybody. */
const SAME_SIGNAL_MS = 1_000

/**
 * A signal that aborts when the process is asked to end: by SIGINT, SIGTERM or SIGHUP, and when the process that started it is gone. Asked
 * a second time, the process ends at once.
 */
export function endSignal(): AbortSignal {
  const controller = new AbortController()
  let askedAt = 0
  const ask = (code: ExitCode): void => {
    if (!controller.signal.aborted) {
      askedAt = performance.now()
      controller.abort()
    } else if (performance.now() - askedAt > SAME_SIGNAL_MS) {
      process.exit(code)
    }
  }
  process.on('SIGINT', () => ask(130))
  process.on('SIGTERM', () => ask(143))
  process.on('SIGHUP', () => ask(129))
  // There is a channel when the launcher or `millrace start` runs this process.
  if (process.channel) {
    process.on('disconnect', () => ask(1))
    process.channel.unref()
  }
  return controller.signal
}

/** Resolves when the signal aborts. */
export function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve()
    signal.addEventListener('abort', () => resolve(), { once: true })
  })
}
