/** Numbers as people read them. */

const whole = new Intl.NumberFormat('en', { maximumFractionDigits: 0 })
const percents = new Intl.NumberFormat('en', {
  style: 'percent',
  minimumFractionDigits: 1,
  maximumFractionDigits: 1,
})
const oneDigit = new Intl.NumberFormat('en', { maximumFractionDigits: 1 })

/** 1234567 → `1,234,567` */
export function count(n: number): string {
  return whole.format(n)
}

/** Events a second: `4,998/s`, `5.3/s` */
export function rate(perSecond: number): string {
  return `${(perSecond < 100 ? oneDigit : whole).format(perSecond)}/s`
}

/** 0.101 → `10.1%` */
export function percent(fraction: number): string {
  return percents.format(fraction)
}

/** Milliseconds: `12ms`, `1.2s`, `3m 20s`, `2h 5m` */
export function duration(ms: number): string {
  if (ms < 1_000) return `${Math.round(ms)}ms`
  const seconds = ms / 1_000
  if (seconds < 60) return `${oneDigit.format(seconds)}s`
  const minutes = Math.floor(seconds / 60)
  if (minutes < 60) return `${minutes}m ${Math.floor(seconds % 60)}s`
  return `${Math.floor(minutes / 60)}h ${minutes % 60}m`
}

/** How long ago: `now`, `2.3s ago` */
export function age(ms: number): string {
  return ms < 1_000 ? 'now' : `${duration(ms)} ago`
}

/** 1536 → `1.5 KiB` */
export function size(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB']
  const power = Math.min(units.length - 1, Math.max(0, Math.floor(Math.log2(Math.max(1, bytes)) / 10)))
  return `${oneDigit.format(bytes / 1_024 ** power)} ${units[power]}`
}
