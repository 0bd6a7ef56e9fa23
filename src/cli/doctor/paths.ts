import { existsSync } from 'node:fs'
import { dirname, resolve } from 'node:path'

/** The path itself, or the directory nearest above it that is there. */
export function nearestExisting(path: string): string {
  const whole = resolve(path)
  const parent = dirname(whole)
  return existsSync(whole) || parent === whole ? whole : nearestExisting(parent)
}
