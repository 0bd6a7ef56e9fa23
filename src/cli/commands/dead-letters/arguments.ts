import { hostname, userInfo } from 'node:os'
import { type Command, Option } from 'commander'
import type { Config } from '../../../config/config.ts'
import { MillraceError } from '../../../errors.ts'
import { maxEventAge } from '../../../event/max-age.ts'
import { REJECT_REASONS } from '../../../event/outcome.ts'
import { parseTimestamp } from '../../../event/timestamp.ts'
import type { ValidationLimits } from '../../../event/validate.ts'
import type { DeadLetterChoice } from '../../../store/dead-letters.ts'
import { oneOf } from '../../setting-flags.ts'

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

export interface ChoiceOptions {
  readonly reason?: string
  readonly partition?: string
  readonly from?: string
  readonly to?: string
}

/** Adds the flags that choose dead letters. */
export function addChoice(command: Command): Command {
  return command
    .addOption(
      oneOf(new Option('--reason <reason>', 'only those of this reason'), Object.keys(REJECT_REASONS)),
    )
    .option('--partition <n>', 'only those of this partition')
    .option('--from <time>', 'only those rejected at this time or later (ISO 8601 with a zone)')
    .option('--to <time>', 'only those rejected before this time')
}

export function choiceOf({ reason, partition, from, to }: ChoiceOptions): DeadLetterChoice {
  return {
    ...(reason !== undefined && { reason: knownReason(reason) }),
    ...(partition !== undefined && { partition: wholeNumber('--partition', partition, 0) }),
    ...(from !== undefined && { fromMs: moment('--from', from) }),
    ...(to !== undefined && { toMs: moment('--to', to) }),
  }
}

function moment(flag: string, text: string): number {
  const ms = parseTimestamp(text)
  if (ms !== undefined) return ms
  throw new MillraceError('invalid_setting', `${flag}: "${text}" is not allowed`, {
    hint: 'Give a date and time of ISO 8601 with its zone, like 2026-11-23T05:00:00Z.',
  })
}

/** Who does it, for the record: what --by says, or the user of this machine. */
export function personOf(by: string | undefined): string {
  if (by !== undefined && by.trim() !== '') return by
  try {
    return `${userInfo().username}@${hostname()}`
  } catch {
    // A user without a name, as in some containers.
    return `uid ${process.getuid?.() ?? '?'}@${hostname()}`
  }
}
