import { readFileSync } from 'node:fs'
import { MillraceError, messageOf } from '../errors.ts'
import { SETTINGS } from './config.ts'

/**
 * Secrets may be in files, as container platforms hand them out: MILLRACE_API_TOKEN_FILE names the file that holds what
 * MILLRACE_API_TOKEN would.
 *
 * @returns the environment with the secrets of such files in it
 * @throws MillraceError `file_unusable`, and `invalid_setting` when both are set
 */
export function withSecretFiles(
  environment: Readonly<Record<string, string | undefined>>,
): Readonly<Record<string, string | undefined>> {
  const result: Record<string, string | undefined> = { ...environment }
  for (const { env, secret } of Object.values(SETTINGS)) {
    const path = environment[`${env}_FILE`]
    if (!secret || !path) continue
    if (environment[env]) {
      throw new MillraceError('invalid_setting', `${env} and ${env}_FILE are both set`, {
        hint: 'Set one of them.',
      })
    }
    try {
      result[env] = readFileSync(path, 'utf8').trimEnd()
    } catch (error) {
      throw new MillraceError('file_unusable', `${env}_FILE: ${path} cannot be read: ${messageOf(error)}`, {
        cause: error,
      })
    }
    delete result[`${env}_FILE`]
  }
  return result
}
