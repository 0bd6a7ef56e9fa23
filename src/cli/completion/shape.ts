import type { Argument, Command, Option } from 'commander'

/** What a word of the command line may be. */
export type Words =
  | { readonly kind: 'names'; readonly names: readonly string[] }
  | { readonly kind: 'files' }
  | { readonly kind: 'directories' }
  /** Any text: a shell cannot help. */
  | { readonly kind: 'text' }

export interface OptionShape {
  /** `--json`, or `-h` and `--help`. */
  readonly flags: readonly string[]
  readonly summary: string
  /** What follows it; undefined when nothing does. */
  readonly value: Words | undefined
}

export interface ArgumentShape {
  readonly name: string
  readonly words: Words
  /** Takes all words that follow. */
  readonly variadic: boolean
}

/** A command as completions need it. */
export interface CommandShape {
  /** `dead-letters list`; empty for the program itself. */
  readonly path: string
  readonly commands: readonly { readonly name: string; readonly summary: string }[]
  readonly options: readonly OptionShape[]
  readonly arguments: readonly ArgumentShape[]
}

/** The program and all commands below it, as its help shows them. */
export function shapesOf(program: Command): CommandShape[] {
  return shapesBelow(program, '')
}

function shapesBelow(command: Command, path: string): CommandShape[] {
  const help = command.createHelp()
  const visible = help.visibleCommands(command)
  const commands = visible.map((one) => ({ name: one.name(), summary: summaryOf(one.description()) }))
  const own = {
    path,
    commands,
    options: help.visibleOptions(command).map(optionShape),
    arguments: command.registeredArguments.map(argumentShape),
  }
  return [own, ...visible.flatMap((one) => shapesOfChild(one, command, commands, path))]
}

function shapesOfChild(
  child: Command,
  parent: Command,
  siblings: CommandShape['commands'],
  above: string,
): CommandShape[] {
  const path = above === '' ? child.name() : `${above} ${child.name()}`
  if (parent.commands.includes(child)) return shapesBelow(child, path)
  // Commander makes the command `help` itself.
  const names = siblings.map(({ name }) => name).filter((name) => name !== child.name())
  return [
    {
      path,
      commands: [],
      options: [],
      arguments: [{ name: 'command', words: { kind: 'names', names }, variadic: false }],
    },
  ]
}

function optionShape(option: Option): OptionShape {
  const placeholder = /<([\w-]+)/.exec(option.flags)?.[1] ?? ''
  return {
    flags: [option.short, option.long].filter((flag) => flag !== undefined),
    summary: summaryOf(option.description),
    value: option.required ? wordsOf(placeholder, option.argChoices) : undefined,
  }
}

function argumentShape(argument: Argument): ArgumentShape {
  const name = argument.name()
  return { name, words: wordsOf(name, argument.argChoices), variadic: argument.variadic }
}

/** Names of placeholders say what they stand for. */
function wordsOf(placeholder: string, choices: readonly string[] | undefined): Words {
  if (choices) return { kind: 'names', names: choices }
  if (/^(file|path)s?$/.test(placeholder)) return { kind: 'files' }
  if (/^director(y|ies)$/.test(placeholder)) return { kind: 'directories' }
  return { kind: 'text' }
}

/** The first sentence: a shell shows one line. */
function summaryOf(description: string): string {
  return description.split(/\.(?:\s|$)/)[0]!.replace(/\s+/g, ' ')
}
