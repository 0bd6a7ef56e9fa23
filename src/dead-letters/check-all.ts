import type { ValidationLimits } from '../event/validate.ts'
import type { DeadLetterFix } from '../store/dead-letter-fixes.ts'
import { checkFixed } from './fix.ts'
import type { Corrected } from './replay.ts'

export interface Checked {
  readonly corrected: readonly Corrected[]
  /** Those that were page views when they were corrected, and are no longer: too late meanwhile, most often. */
  readonly refused: readonly { readonly partition: number; readonly offset: number; readonly why: string }[]
}

/** Parts corrections into those that can be sent now and those that would be rejected again. */
export function checkAll(fixes: readonly DeadLetterFix[], limits: ValidationLimits): Checked {
  const corrected: Corrected[] = []
  const refused: { partition: number; offset: number; why: string }[] = []
  for (const fix of fixes) {
    try {
      corrected.push({ ...fix, view: checkFixed(fix.message, limits) })
    } catch (error) {
      const { partition, offset } = fix
      refused.push({ partition, offset, why: (error as Error).message })
    }
  }
  return { corrected, refused }
}
