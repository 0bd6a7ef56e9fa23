import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { MillraceError } from '../../../errors.ts'

/**
 * Opens bytes in the user's editor, and gives what was saved.
 *
 * What the bytes hold is the editor's to show. An end of line that an editor adds by itself is not taken for a change.
 *
 * @throws MillraceError `file_unusable` when the editor does not start, ends with an error, or leaves no file; `check_failed` when nothing was changed
 */
export function edit(
  before: Buffer | null,
  environment: Readonly<Record<string, string | undefined>>,
): Buffer {
  const editor = environment.VISUAL || environment.EDITOR || 'vi'
  // Only its owner may look into the directory: a message can hold what is nobody else's business.
  const directory = mkdtempSync(join(tmpdir(), 'millrace-fix-'))
  try {
    const file = join(directory, 'message.json')
    writeFileSync(file, before ?? '', { mode: 0o600 })
    // By a shell, since EDITOR may hold flags: `code --wait`.
    const { status, signal, error } = spawnSync('sh', ['-c', `${editor} "$1"`, 'sh', file], {
      stdio: 'inherit',
    })
    if (error || status !== 0) {
      throw unusable(`the editor "${editor}" ended with ${error?.message ?? signal ?? `status ${status}`}`)
    }
    const after = readSaved(file, editor)
    if (after.equals(withoutEnd(before ?? Buffer.alloc(0)))) {
      throw new MillraceError('check_failed', 'the message was not changed in the editor', {
        hint: 'Nothing was corrected. An editor that comes back at once needs a flag to wait, such as: EDITOR="code --wait".',
      })
    }
    return after
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

function readSaved(file: string, editor: string): Buffer {
  try {
    return withoutEnd(readFileSync(file))
  } catch (cause) {
    throw unusable(`the editor "${editor}" left no file that can be read`, cause)
  }
}

function withoutEnd(bytes: Buffer): Buffer {
  let end = bytes.length
  while (end > 0 && (bytes[end - 1] === 0x0a || bytes[end - 1] === 0x0d)) end -= 1
  return bytes.subarray(0, end)
}

function unusable(what: string, cause?: unknown): MillraceError {
  return new MillraceError('file_unusable', what, {
    hint: 'Nothing was changed. Set EDITOR, or use --set or --message.',
    cause,
  })
}
