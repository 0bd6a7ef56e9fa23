/** What a service tells the process that started it. */
export interface FromService {
  /** It answers there. */
  readonly ready: string
}

/** Tells the process that started this one, when there is one that listens. */
export function tellParent(message: FromService): void {
  if (process.connected) process.send?.(message)
}
