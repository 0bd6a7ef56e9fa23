import type { Register } from '../../context.ts'
import { registerExport } from './export.ts'
import { registerFix } from './fix.ts'
import { registerImport } from './import.ts'
import { registerList } from './list.ts'
import { registerReplay } from './replay.ts'
import { registerShow } from './show.ts'

export const registerDeadLetters: Register = (program, context) => {
  const group = program
    .command('dead-letters')
    .description('messages that were no page views: look at them, correct them, send them again')
  registerList(group, context)
  registerShow(group, context)
  registerFix(group, context)
  registerReplay(group, context)
  registerExport(group, context)
  registerImport(group, context)
}
