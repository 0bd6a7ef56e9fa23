import { MillraceError } from '../errors.ts'
import { decode, type Fields } from '../event/decode.ts'
import { type FieldChanges, parseChanges, withChanges } from './fix.ts'
import { parsePatch, patched } from './json-patch.ts'
import { applyMapping } from './mapping/apply.ts'
import { parseMapping } from './mapping/parse.ts'

/** What becomes of the bytes of a dead letter. It throws MillraceError `check_failed` when it cannot be done to these. */
export type Change = (message: Buffer | null) => Buffer

/** How a person says a change: one of these. */
export interface ChangeTexts {
  /** `name=value`, several of them. */
  readonly set?: readonly string[] | undefined
  /** A JSON Patch, as text or as a value. */
  readonly patch?: unknown
  /** A mapping: `page_id = page_id ?? "/unknown"`. */
  readonly map?: string | undefined
}

/**
 * @returns undefined when no change is given
 * @throws MillraceError `invalid_setting` when it cannot be understood, or several are given
 */
export function changeOf({ set, patch, map }: ChangeTexts): Change | undefined {
  const given = [set, patch, map].filter((each) => each !== undefined)
  if (given.length > 1)
    throw new MillraceError('invalid_setting', 'only one kind of change can be made at once')
  if (set !== undefined) return fieldChange(parseChanges(set))
  if (patch !== undefined) {
    const operations = parsePatch(patch)
    return onFields((fields) => patched(fields, operations))
  }
  if (map === undefined) return undefined
  const assignments = parseMapping(map)
  return onFields((fields) => applyMapping(fields, assignments))
}

function fieldChange(changes: FieldChanges): Change {
  return onFields((fields) => withChanges(fields, changes))
}

function onFields(change: (fields: Fields) => unknown): Change {
  return (message) => {
    const decoded = decode(message)
    if (!decoded.ok) {
      throw new MillraceError('check_failed', `its fields cannot be changed: ${decoded.detail}`, {
        hint: 'Give the whole message instead.',
      })
    }
    try {
      return Buffer.from(JSON.stringify(change(decoded.value)) ?? '')
    } catch (error) {
      // Reading knows no limit of depth; copying and writing do.
      if (!(error instanceof RangeError)) throw error
      throw new MillraceError('check_failed', 'its fields cannot be changed: it is nested too deep', {
        hint: 'Give the whole message instead.',
      })
    }
  }
}
