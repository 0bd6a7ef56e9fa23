import { MillraceError } from '../errors.ts'
import type { ValidationLimits } from '../event/validate.ts'
import type { Database } from '../store/database.ts'
import { type DeadLetterFix, saveFixes } from '../store/dead-letter-fixes.ts'
import { type DeadLetter, type DeadLetterChoice, eachError } from '../store/dead-letters.ts'
import type { Change } from './change.ts'
import { show, showText } from './display.ts'
import { checkFixed } from './fix.ts'

export interface BulkFix {
  /** Which of those that are open. */
  readonly choice: DeadLetterChoice
  readonly change: Change
  readonly limits: ValidationLimits
  /** Who corrects them, for people. */
  readonly by: string
  /** Whether to only tell what would be done. */
  readonly dryRun: boolean
}

/** What became of many dead letters. */
export interface BulkFixed {
  /** How many were chosen. */
  readonly matched: number
  /** How many of them can be sent now; with `dryRun` could be. */
  readonly corrected: number
  /** Those that the change does not make page views, by why, the most frequent first. */
  readonly refused: readonly { readonly why: string; readonly count: number; readonly example: Example }[]
  /** The first ones, before and after. */
  readonly examples: readonly (Example & { readonly before: string | null; readonly after: string })[]
}

interface Example {
  readonly partition: number
  readonly offset: number
}

const EXAMPLES = 5
const EXAMPLE_CHARACTERS = 400
/** More kinds of refusals are one: a detail may name what each message holds. */
const MOST_REASONS = 50
const BYTES_AT_ONCE = 8 * 2 ** 20
const FIXES_AT_ONCE = 1_000

/**
 * Makes one change to all dead letters that are chosen and open. What would be rejected again stays as it is, and is told. A few
 * MB of messages are held at a time.
 */
export async function fixMany(db: Database, options: BulkFix): Promise<BulkFixed> {
  const { change, limits, by, dryRun } = options
  const refused = new Map<string, { why: string; count: number; example: Example }>()
  const examples: (Example & { before: string | null; after: string })[] = []
  const waiting: DeadLetterFix[] = []
  let waitingBytes = 0
  let matched = 0
  let corrected = 0
  const save = async () => {
    if (!dryRun) await saveFixes(db, waiting, by)
    waiting.length = 0
    waitingBytes = 0
  }
  for await (const letter of eachError(db, { ...options.choice, resolved: false })) {
    matched += 1
    const { topic, partition, offset } = letter
    const outcome = tryChange(letter, change, limits)
    if (!Buffer.isBuffer(outcome)) {
      const why = refused.has(outcome.why) || refused.size < MOST_REASONS ? outcome.why : 'other reasons'
      const known = refused.get(why)
      if (known) known.count += 1
      else refused.set(why, { why, count: 1, example: { partition, offset } })
      continue
    }
    corrected += 1
    if (examples.length < EXAMPLES) {
      const before = letter.value && show(letter.value, EXAMPLE_CHARACTERS).content
      examples.push({ partition, offset, before, after: show(outcome, EXAMPLE_CHARACTERS).content })
    }
    waiting.push({ topic, partition, offset, message: outcome })
    waitingBytes += outcome.length
    if (waiting.length >= FIXES_AT_ONCE || waitingBytes >= BYTES_AT_ONCE) await save()
  }
  await save()
  const reasons = [...refused.values()].sort((a, b) => b.count - a.count)
  return { matched, corrected, refused: reasons, examples }
}

function tryChange(letter: DeadLetter, change: Change, limits: ValidationLimits): Buffer | { why: string } {
  try {
    const message = change(letter.value)
    checkFixed(message, limits)
    return message
  } catch (error) {
    if (error instanceof MillraceError && error.code === 'check_failed') {
      return { why: showText(error.message) }
    }
    throw error
  }
}
