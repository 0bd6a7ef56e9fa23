import { lstatSync, readdirSync, type Stats } from 'node:fs'
import { join, resolve } from 'node:path'
import type { Check, Outcome } from '../check.ts'

/** The directories of the log and of ClickHouse, and their files; what is below these is closed off by them. */
const DEPTH = 2

export const fileModesCheck: Check = {
  name: 'file modes',
  run: ({ config }) => fileModesOutcome(config.dataDir, process.getuid?.()),
}

/**
 * Whether what is in the data directory is its owner's alone, and the owner is this user. Page views are personal data, and
 * passwords are kept there too.
 *
 * @param user the number of this user; undefined where there are none
 * @returns null when there is no data directory yet
 */
export function fileModesOutcome(dataDir: string, user: number | undefined): Outcome | null {
  const root = resolve(dataDir)
  const top = statOf(root)
  if (!top?.isDirectory()) return null
  const found = [...entriesBelow(root, DEPTH)]
  const foreign = found.filter(({ stat }) => user !== undefined && user !== 0 && stat.uid !== user)
  if (foreign.length > 0) {
    return {
      state: 'fail',
      detail: `${named(foreign)} of another user, such as that of an earlier run`,
      mend: `Run it as that user, or give the files to this one: chown -R ${user} ${root}`,
    }
  }
  const open = found.filter(({ stat }) => (stat.mode & 0o077) !== 0)
  // Who may write in the directory itself can put other files in the place of these.
  if (top.mode & 0o022) open.unshift({ path: root, stat: top })
  if (open.length === 0) return { state: 'ok', detail: 'its owner’s alone' }
  return {
    state: 'warn',
    detail: `${named(open)} open to other users of this machine`,
    mend: `chmod -R go= ${root}`,
  }
}

interface Entry {
  readonly path: string
  readonly stat: Stats
}

function* entriesBelow(directory: string, depth: number): Generator<Entry> {
  for (const name of namesIn(directory)) {
    const path = join(directory, name)
    const stat = statOf(path)
    if (!stat || stat.isSymbolicLink()) continue
    yield { path, stat }
    if (stat.isDirectory() && depth > 1) yield* entriesBelow(path, depth - 1)
  }
}

/** Files come and go while Millrace runs, and what may not be read is another check's finding. */
function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory)
  } catch {
    return []
  }
}

function statOf(path: string): Stats | undefined {
  try {
    return lstatSync(path)
  } catch {
    return undefined
  }
}

function named(entries: readonly Entry[]): string {
  const [first] = entries
  return entries.length === 1 ? `${first!.path} is` : `${first!.path} and ${entries.length - 1} more are`
}
