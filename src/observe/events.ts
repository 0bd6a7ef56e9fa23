import { channel } from 'node:diagnostics_channel'

/**
 * What happened, told once per batch by the part it happened in. Parts publish and know nothing of who listens;
 * one subscriber turns it into metrics (metrics.ts), another into the statistics of the log (statistics.ts).
 * Counts are of this one happening, times are milliseconds.
 */
// biome-ignore lint/suspicious/noEmptyInterface: each part declares its own happenings by declaration merging
export interface Happenings {}

export function publish<N extends keyof Happenings>(name: N, what: Happenings[N]): void {
  channel(`millrace:${name}`).publish(what)
}

/** Calls `listener` for each happening of that name, until the returned function is called. */
export function listen<N extends keyof Happenings>(
  name: N,
  listener: (what: Happenings[N]) => void,
): () => void {
  const on = (what: unknown): void => listener(what as Happenings[N])
  channel(`millrace:${name}`).subscribe(on)
  return () => {
    channel(`millrace:${name}`).unsubscribe(on)
  }
}
