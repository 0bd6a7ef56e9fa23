import { MillraceError, messageOf } from '../errors.ts'
import { quote, shorten } from '../event/quote.ts'
import type { ValidationLimits } from '../event/validate.ts'
import type { Database } from '../store/database.ts'
import { saveFixes } from '../store/dead-letter-fixes.ts'
import { type DeadLetterPlace, getError } from '../store/dead-letters.ts'
import { bytesOfLine } from './exchange.ts'
import { checkFixed } from './fix.ts'

export interface Import {
  readonly limits: ValidationLimits
  /** Who corrected them, for people. */
  readonly by: string
  /** Whether to only tell what would be done. */
  readonly dryRun: boolean
}

export interface Imported {
  readonly lines: number
  /** Lines whose message was changed, and that can be sent now; with `dryRun` could be. */
  readonly corrected: number
  /** Lines with the message as it is. */
  readonly unchanged: number
  /** Lines that were not taken, with their numbers, counted from 1; the first hundred. */
  readonly refused: readonly { readonly line: number; readonly why: string }[]
  readonly refusedCount: number
}

const LONGEST_LINE = 8 * 2 ** 20
const MOST_REFUSALS = 100

/**
 * Takes corrections out of an export whose messages somebody has changed. A line that cannot be taken hinders no other.
 *
 * @param chunks NDJSON, in pieces of any size
 */
export async function importCorrections(
  db: Database,
  chunks: AsyncIterable<Buffer | string>,
  options: Import,
): Promise<Imported> {
  const refused: { line: number; why: string }[] = []
  let refusedCount = 0
  let lines = 0
  let corrected = 0
  let unchanged = 0
  for await (const line of linesOf(chunks)) {
    lines += 1
    if (line?.trim() === '') continue
    try {
      if (await importLine(db, line, options)) corrected += 1
      else unchanged += 1
    } catch (error) {
      if (!(error instanceof MillraceError) || error.retryable || error.code === 'store_refused') throw error
      refusedCount += 1
      if (refused.length < MOST_REFUSALS) refused.push({ line: lines, why: messageOf(error) })
    }
  }
  return { lines, corrected, unchanged, refused, refusedCount }
}

/** @returns whether the line changes its message */
async function importLine(db: Database, line: string | undefined, options: Import): Promise<boolean> {
  const { place, message } = readLine(line)
  const letter = await getError(db, place)
  if (letter.value?.equals(message)) return false
  if (letter.resolved) {
    throw new MillraceError('check_failed', `it is resolved already: ${letter.resolved.how}`)
  }
  checkFixed(message, options.limits)
  const { topic, partition, offset } = letter
  if (!options.dryRun) await saveFixes(db, [{ topic, partition, offset, message }], options.by)
  return true
}

function readLine(line: string | undefined): { place: DeadLetterPlace; message: Buffer } {
  if (line === undefined) throw lineError(`it is longer than ${LONGEST_LINE} characters`)
  let given: unknown
  try {
    given = JSON.parse(line)
  } catch (error) {
    throw lineError(`it is no JSON: ${shorten(messageOf(error))}`)
  }
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    throw lineError(`it is ${quote(given)}, and must be an object`)
  }
  const { topic, partition, offset, message } = given as Readonly<Record<string, unknown>>
  if (!isWhole(partition, 2 ** 32 - 1) || !isWhole(offset, Number.MAX_SAFE_INTEGER)) {
    throw lineError('it has no partition and offset')
  }
  if (topic !== undefined && typeof topic !== 'string') throw lineError('its topic is no text')
  const bytes = bytesOfLine(message)
  if (bytes === undefined) throw lineError('its message is none of {"text":…}, {"base64":…} and {"json":…}')
  return { place: { partition, offset, ...(topic !== undefined && { topic }) }, message: bytes }
}

function isWhole(value: unknown, most: number): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0 && (value as number) <= most
}

function lineError(what: string): MillraceError {
  return new MillraceError('check_failed', what)
}

/** The lines of a text that comes in pieces; undefined for one that is too long to hold. */
async function* linesOf(chunks: AsyncIterable<Buffer | string>): AsyncGenerator<string | undefined> {
  const decoder = new TextDecoder()
  let rest = ''
  let isTooLong = false
  for await (const chunk of chunks) {
    const pieces = (typeof chunk === 'string' ? chunk : decoder.decode(chunk, { stream: true })).split('\n')
    const last = pieces.pop()!
    for (const piece of pieces) {
      yield isTooLong || rest.length + piece.length > LONGEST_LINE ? undefined : rest + piece
      rest = ''
      isTooLong = false
    }
    isTooLong ||= rest.length + last.length > LONGEST_LINE
    rest = isTooLong ? '' : rest + last
  }
  if (rest !== '' || isTooLong) yield isTooLong ? undefined : rest
}
