import type { Config } from '../../../config/config.ts'
import { MillraceError } from '../../../errors.ts'
import { maxEventAge } from '../../../event/max-age.ts'
import { REJECT_REASONS } from '../../../event/outcome.ts'
import type { ValidationLimits } from '../../../event/validate.ts'

/** Where a dead letter lies, out of `partition/offset`. */
export function placeOf(text: string, config: Config): { topic: string; partition: number; offset: number } {
  const match = /^(\d+)\/(\d+)$/.exec(text)
  if (!match) {
    throw new MillraceError('invalid_setting', `"${text}" is no place`, {
      hint: 'Give partition and offset, such as 3/1204; `millrace dead-letters list` shows them.',
    })
  }
  return { topic: config.kafkaTopic, partition: Number(match[1]), offset: Number(match[2]) }
}

export function nameOf({ partition, offset }: { partition: number; offset: number }): string {
  return `${partition}/${offset}`
}

/** What a corrected message must keep, so that the consumer takes it. */
export function limitsOf(config: Config): ValidationLimits {
  return {
    nowMs: Date.now(),
    maxAgeMs: maxEventAge(config.rawTtlDays, config.lateMargin),
    maxFutureMs: config.maxFuture,
  }
}

export function knownReason(text: string): string {
  if (text in REJECT_REASONS) return text
  throw new MillraceError('invalid_setting', `--reason: "${text}" is not allowed`, {
    hint: `Give one of ${Object.keys(REJECT_REASONS).join(', ')}.`,
  })
}

export function wholeNumber(flag: string, text: string, min: number): number {
  const n = Number(text)
  if (/^\d+$/.test(text) && Number.isSafeInteger(n) && n >= min) return n
  throw new MillraceError('invalid_setting', `${flag}: "${text}" is not allowed`, {
    hint: `Give a whole number from ${min}.`,
  })
}
