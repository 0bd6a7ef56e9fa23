import { formatMs } from './parsers.ts'
import type { Setting } from './setting.ts'

/** A setting's value as a person would write it; secrets are not shown. */
export function valueText(setting: Setting<unknown>, value: unknown): string {
  if (setting.secret && value !== '') return '(hidden)'
  if (typeof value === 'boolean') return value ? 'on' : 'off'
  if (typeof value === 'number') {
    if (setting.parse.allowed.startsWith('a length of time')) return formatMs(value)
    if (setting.parse.allowed.startsWith('a size')) return formatBytes(value)
    return String(value)
  }
  if (Array.isArray(value)) return value.join(',')
  if (typeof value === 'object' && value !== null) {
    return Object.entries(value)
      .map(([name, weight]) => `${name}=${weight}`)
      .join(',')
  }
  return String(value)
}

/** The shortest exact writing of a size: `2G`. */
function formatBytes(bytes: number): string {
  for (const [unit, size] of [
    ['T', 2 ** 40],
    ['G', 2 ** 30],
    ['M', 2 ** 20],
    ['K', 2 ** 10],
  ] as const) {
    if (bytes !== 0 && bytes % size === 0) return `${bytes / size}${unit}`
  }
  return String(bytes)
}
