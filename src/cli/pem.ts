import { readFileSync } from 'node:fs'
import { MillraceError, messageOf } from '../errors.ts'

/**
 * The contents of a PEM file that a setting names, under a name; nothing when it names none.
 *
 * @throws MillraceError `file_unusable`
 */
export function pem(
  name: 'ca' | 'cert' | 'key',
  setting: string,
  path: string,
): Partial<Record<typeof name, string>> {
  if (path === '') return {}
  try {
    return { [name]: readFileSync(path, 'utf8') }
  } catch (error) {
    throw new MillraceError('file_unusable', `${setting}: ${path} cannot be read: ${messageOf(error)}`, {
      cause: error,
    })
  }
}
