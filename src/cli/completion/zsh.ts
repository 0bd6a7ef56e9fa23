import type { CommandShape, OptionShape, Words } from './shape.ts'

/** A script of completions for zsh: a file of `fpath`, or for `eval` behind `compinit`. */
export function zshScript(program: string, shapes: readonly CommandShape[]): string {
  return `#compdef ${program}
# Completions of ${program} for zsh
${shapes.map((shape) => functionOf(program, shape)).join('\n')}
# As a file of fpath this is the body of the function; read by eval it says what it is for.
if [[ $funcstack[1] == _${program} ]]; then
  _${program} "$@"
else
  compdef _${program} ${program}
fi
`
}

function functionOf(program: string, shape: CommandShape): string {
  const { path, commands, options } = shape
  const specs = options.flatMap(optionSpecs)
  if (commands.length === 0) {
    specs.push(
      ...shape.arguments.map(
        ({ name, words, variadic }, at) => `${variadic ? '*' : at + 1}:${escaped(name)}:${action(words)}`,
      ),
    )
    return `${nameOf(program, path)}() {\n${argumentsOf('-s -S', specs)}\n}`
  }
  const list = commands.map(({ name, summary }) => `    ${quoted(`${escaped(name)}:${summary}`)}`).join('\n')
  const below = commands.map(({ name }) => {
    const child = path === '' ? name : `${path} ${name}`
    return `    ${quoted(name)}) ${nameOf(program, child)} && ret=0 ;;`
  })
  return `${nameOf(program, path)}() {
  local context state state_descr line curcontext=$curcontext ret=1
  typeset -A opt_args
  local -a commands=(
${list}
  )
${argumentsOf('-C -S', [...specs, '1: :->command', '*:: :->rest'])} && ret=0
  case $state in
    command) _describe -t commands command commands && ret=0 ;;
    rest) case $line[1] in
${below.join('\n')}
    esac ;;
  esac
  return ret
}`
}

function argumentsOf(flags: string, specs: readonly string[]): string {
  return ['  _arguments', flags, ...specs.map((spec) => `\\\n    ${quoted(spec)}`)].join(' ')
}

function optionSpecs({ flags, summary, value }: OptionShape): string[] {
  return flags.map((flag) => {
    const others = flags.length > 1 ? `(${flags.join(' ')})` : ''
    if (value === undefined) return `${others}${flag}[${escaped(summary)}]`
    return `${others}${flag}${flag.startsWith('--') ? '=' : '+'}[${escaped(summary)}]:${escaped(flag.replace(/^-+/, ''))}:${action(value)}`
  })
}

function action(words: Words): string {
  switch (words.kind) {
    case 'names':
      return `(${words.names.join(' ')})`
    case 'files':
      return '_files'
    case 'directories':
      return '_files -/'
    case 'text':
      return ' '
  }
}

function nameOf(program: string, path: string): string {
  return `_${program}${path === '' ? '' : `__${path.replaceAll(/[ -]/g, '_')}`}`
}

/** What means something in a specification of _arguments or _describe. */
function escaped(text: string): string {
  return text.replaceAll(/[\\[\]:]/g, '\\$&')
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`
}
