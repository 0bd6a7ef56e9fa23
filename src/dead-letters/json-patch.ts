import { applyPatch, type Operation } from 'rfc6902'
import { MillraceError, messageOf } from '../errors.ts'
import type { Fields } from '../event/decode.ts'
import { shorten } from '../event/quote.ts'

/** Which members an operation needs besides `op` and `path`. RFC 6902, section 4. */
const MEMBERS: Readonly<Record<string, 'value' | 'from' | undefined>> = {
  add: 'value',
  replace: 'value',
  test: 'value',
  move: 'from',
  copy: 'from',
  remove: undefined,
}

/** A JSON pointer: RFC 6901, section 3. */
const POINTER = /^(?:\/(?:[^/~]|~[01])*)*$/
const PROTOTYPE = /(?:^|\/)(?:__proto__|constructor|prototype)(?:\/|$)/
const MOST_OPERATIONS = 1_000

/**
 * A JSON Patch (RFC 6902), out of its text or the value of it.
 *
 * @throws MillraceError `invalid_setting`
 */
export function parsePatch(given: unknown): readonly Operation[] {
  let patch = given
  if (typeof given === 'string') {
    try {
      patch = JSON.parse(given)
    } catch (error) {
      throw patchError(`it is no JSON: ${shorten(messageOf(error))}`)
    }
  }
  if (!Array.isArray(patch) || patch.length === 0) throw patchError('it is no list of operations')
  if (patch.length > MOST_OPERATIONS) throw patchError(`it has more than ${MOST_OPERATIONS} operations`)
  for (const [i, operation] of patch.entries()) {
    const wrong = whatIsWrong(operation)
    if (wrong !== undefined) throw patchError(`operation ${i + 1} ${wrong}`)
  }
  return patch as Operation[]
}

function whatIsWrong(operation: unknown): string | undefined {
  if (typeof operation !== 'object' || operation === null) return 'is no object'
  const members = operation as Record<string, unknown>
  const { op } = members
  if (typeof op !== 'string' || !Object.hasOwn(MEMBERS, op)) {
    return `has no op of ${Object.keys(MEMBERS).join(', ')}`
  }
  const needed = MEMBERS[op]
  if (needed !== undefined && !Object.hasOwn(members, needed)) return `has no ${needed}`
  for (const pointer of needed === 'from' ? [members.path, members.from] : [members.path]) {
    if (typeof pointer !== 'string' || !POINTER.test(pointer)) return 'has a path that is no JSON pointer'
    // Not a field of any event, but the way to what all objects of the program share.
    if (PROTOTYPE.test(pointer)) return 'has a path to no field of a message'
  }
  return undefined
}

/**
 * The value after all operations. One that fails, also a `test`, leaves nothing changed.
 *
 * @throws MillraceError `check_failed`
 */
export function patched(fields: Fields, patch: readonly Operation[]): unknown {
  // The patch is copied, since what it adds would be shared by all messages and changed by later operations.
  const document = { fields: structuredClone(fields) as unknown }
  const inside = structuredClone(patch).map((operation) => {
    const path = `/fields${operation.path}`
    return 'from' in operation
      ? { ...operation, path, from: `/fields${operation.from}` }
      : { ...operation, path }
  })
  for (const [i, operation] of inside.entries()) {
    const error = applied(document, operation as Operation)
    if (error) {
      const { op, path } = patch[i]!
      throw new MillraceError(
        'check_failed',
        `the patch does not apply: ${op} ${shorten(path)}: ${error.name}`,
      )
    }
  }
  return document.fields
}

/** A path into what is no object makes the library throw instead of answering. */
function applied(document: object, operation: Operation): Error | null {
  try {
    return applyPatch(document, [operation])[0] ?? null
  } catch (error) {
    if (error instanceof TypeError) return error
    throw error
  }
}

function patchError(what: string): MillraceError {
  return new MillraceError('invalid_setting', `the JSON Patch cannot be used: ${shorten(what)}`, {
    hint: 'It is written like: [{"op":"replace","path":"/page_id","value":"/pricing"}] (RFC 6902).',
  })
}
