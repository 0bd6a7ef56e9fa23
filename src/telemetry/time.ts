/** Seconds and nanoseconds since the epoch, as OpenTelemetry has time. */
export function hrTime(epochMs: number): [seconds: number, nanoseconds: number] {
  const seconds = Math.floor(epochMs / 1_000)
  return [seconds, Math.round((epochMs - seconds * 1_000) * 1e6)]
}
