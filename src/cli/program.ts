import { Command } from 'commander'
import { hasColours } from '../observe/colours.ts'
import { VERSION } from '../version.ts'
import { registerClickHouse } from './commands/clickhouse.ts'
import { registerCompletion } from './commands/completion.ts'
import { registerConfig } from './commands/config.ts'
import { registerConsumer } from './commands/consumer.ts'
import { registerDeadLetters } from './commands/dead-letters/index.ts'
import { registerDoctor } from './commands/doctor.ts'
import { registerProducer } from './commands/producer.ts'
import { registerReplay } from './commands/replay.ts'
import { registerResend } from './commands/resend.ts'
import { registerSql } from './commands/sql.ts'
import { registerStart } from './commands/start.ts'
import { registerTop } from './commands/top.ts'
import { registerVerify } from './commands/verify.ts'
import type { CliContext, Register } from './context.ts'
import { HELP } from './help.ts'

const COMMANDS: readonly Register[] = [
  registerStart,
  registerProducer,
  registerConsumer,
  registerClickHouse,
  registerReplay,
  registerResend,
  registerVerify,
  registerTop,
  registerDoctor,
  registerDeadLetters,
  registerSql,
  registerConfig,
  registerCompletion,
]

/** The program with all its commands. It throws CommanderError instead of ending the process. */
export function createProgram(context: CliContext): Command {
  const program = new Command('millrace')
    .description('Page views in, exact aggregates out, seconds later.')
    .version(VERSION, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .helpCommand('help [command]', 'print the help of a command')
    .configureHelp(HELP)
    .addHelpText('after', '\nExit codes, colours and completions of shells: docs/command-line.md')
    .showHelpAfterError('Run it with --help to see what there is.')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => context.stdout.write(text),
      writeErr: (text) => context.stderr.write(text),
      getOutHasColors: () => hasColours(context.stdout),
      getErrHasColors: () => hasColours(context.stderr),
      outputError: (text, write) => write(text.replace(/^error: /, 'millrace: ')),
    })
  for (const register of COMMANDS) register(program, context)
  for (const command of program.commands) command.copyInheritedSettings(program)
  return program
}
