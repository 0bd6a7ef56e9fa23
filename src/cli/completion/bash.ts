import type { CommandShape, Words } from './shape.ts'

/** A script of completions for bash, 3.2 (of macOS) or later. It needs no other package. */
export function bashScript(program: string, shapes: readonly CommandShape[]): string {
  const name = `_${program}`
  return `# Completions of ${program} for bash
${name}() {
  local current=\${COMP_WORDS[COMP_CWORD]} command='' option='' kind='' words='' place=0 ended='' word next i
  COMPREPLY=()
  for ((i = 1; i < COMP_CWORD; i++)); do
    word=\${COMP_WORDS[i]}
    if [[ $ended ]]; then
      ((place++))
    elif [[ $word == -- ]]; then
      ended=yes
    elif [[ $word == -* ]]; then
      ${name}_value
      [[ $kind ]] || continue
      # Readline takes --option=value apart at the =.
      next=$((i + 1))
      if [[ \${COMP_WORDS[next]} == = ]]; then
        ((next == COMP_CWORD)) && current=''
        ((next < COMP_CWORD)) && ((next++))
      fi
      if ((next >= COMP_CWORD)); then
        ${name}_reply
        return
      fi
      i=$next kind=''
    else
      ${name}_command || ((place++))
    fi
  done
  if [[ $current == -* && ! $ended ]]; then
    ${name}_options
  elif ((place == 0)) && ${name}_commands; then
    kind=names
  else
    ${name}_argument
  fi
  ${name}_reply
}
${name}_reply() {
  case $kind in
    names) COMPREPLY=($(compgen -W "$words" -- "$current")) ;;
    # Readline itself knows best how names of files are quoted. bash 3.2 has no compopt.
    files) compopt -o default 2>/dev/null || COMPREPLY=($(compgen -f -- "$current")) ;;
    directories) compopt -o dirnames 2>/dev/null || COMPREPLY=($(compgen -d -- "$current")) ;;
  esac
}
${name}_command() {
  case "$command:$word" in
${cases(
  shapes.filter(({ path }) => path !== ''),
  ({ path }) => `${quoted(`${parentOf(path)}:${lastOf(path)}`)}) command=${quoted(path)} ;;`,
)}
    *) return 1 ;;
  esac
}
${name}_commands() {
  case $command in
${cases(
  shapes.filter(({ commands }) => commands.length > 0),
  ({ path, commands }) => `${quoted(path)}) words=${quoted(commands.map((one) => one.name).join(' '))} ;;`,
)}
    *) return 1 ;;
  esac
}
${name}_options() {
  kind=names
  case $command in
${cases(shapes, ({ path, options }) => `${quoted(path)}) words=${quoted(options.flatMap(({ flags }) => flags).join(' '))} ;;`)}
  esac
}
${name}_value() {
  kind=''
  case "$command $word" in
${valueCases(shapes)}
  esac
}
${name}_argument() {
  kind=''
  case $command in
${cases(
  shapes.filter((shape) => shape.arguments.some(({ words }) => words.kind !== 'text')),
  (shape) => `${quoted(shape.path)}) ${argumentTests(shape)} ;;`,
)}
  esac
}
complete -F ${name} ${program}
`
}

/** An option that means the same everywhere needs one line, and not one for each command that has it. */
function valueCases(shapes: readonly CommandShape[]): string {
  const everywhere = new Map<string, Map<string, string[]>>()
  for (const { path, options } of shapes) {
    for (const { flags, value } of options) {
      for (const flag of flags) {
        const meanings = everywhere.get(flag) ?? new Map<string, string[]>()
        everywhere.set(flag, meanings)
        const meaning = value === undefined ? '' : setting(value)
        meanings.set(meaning, [...(meanings.get(meaning) ?? []), path])
      }
    }
  }
  const lines = new Map<string, string[]>()
  for (const [flag, meanings] of everywhere) {
    for (const [meaning, paths] of meanings) {
      if (meaning === '') continue
      const patterns = meanings.size === 1 ? [`*' ${flag}'`] : paths.map((path) => quoted(`${path} ${flag}`))
      lines.set(meaning, [...(lines.get(meaning) ?? []), ...patterns])
    }
  }
  return cases([...lines], ([meaning, patterns]) => `${patterns.join(' | ')}) ${meaning} ;;`)
}

function argumentTests(shape: CommandShape): string {
  return shape.arguments
    .map(({ words, variadic }, at) => `((place ${variadic ? '>=' : '=='} ${at})) && ${setting(words)}`)
    .join('; ')
}

function setting(words: Words): string {
  return words.kind === 'names' ? `kind=names words=${quoted(words.names.join(' '))}` : `kind=${words.kind}`
}

function cases<T>(of: readonly T[], line: (one: T) => string): string {
  return of.map((one) => `    ${line(one)}`).join('\n')
}

function parentOf(path: string): string {
  return path.split(' ').slice(0, -1).join(' ')
}

function lastOf(path: string): string {
  return path.split(' ').at(-1)!
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`
}
