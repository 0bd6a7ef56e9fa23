import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Value } from 'typebox/value'
import { messageOf } from '../errors.ts'
import type { Logger } from '../observe/logger.ts'
import { Verdict } from './verdict.ts'

/**
 * What the last audit on this data directory found, whichever process ran it, so that the dashboard tells of those from the command
 * line and of those before a restart. It is a convenience: an audit is not hindered when it cannot be kept.
 */
export class LastVerdict {
  readonly #dataDir: string
  readonly #logger: Logger

  constructor(dataDir: string, logger: Logger) {
    this.#dataDir = dataDir
    this.#logger = logger
  }

  get #file(): string {
    return join(this.#dataDir, 'last-verify.json')
  }

  /** Keeps it in place of the one before. */
  async keep(verdict: Verdict): Promise<void> {
    const draft = `${this.#file}.${process.pid}`
    try {
      await mkdir(this.#dataDir, { recursive: true })
      await writeFile(draft, JSON.stringify(verdict), { mode: 0o600 })
      await rename(draft, this.#file)
    } catch (error) {
      this.#logger.warn(`The verdict could not be kept for the dashboard: ${messageOf(error)}`)
    }
  }

  /** Null when there is none, or none that can be read. */
  async read(): Promise<Verdict | null> {
    try {
      const kept: unknown = JSON.parse(await readFile(this.#file, 'utf8'))
      return Value.Check(Verdict, kept) ? kept : null
    } catch {
      return null
    }
  }
}
