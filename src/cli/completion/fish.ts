import type { CommandShape, OptionShape, Words } from './shape.ts'

/** A script of completions for fish, 3.0 or later. */
export function fishScript(program: string, shapes: readonly CommandShape[]): string {
  const at = `__${program}_at`
  const line = (paths: readonly string[], ...what: readonly string[]): string =>
    ['complete', '-c', program, '-n', quoted(`${at} ${paths.map(quoted).join(' ')}`), ...what].join(' ')
  const commands = shapes.flatMap(({ path, commands }) =>
    commands.map(({ name, summary }) => line([path], '-a', quoted(name), '-d', quoted(summary))),
  )
  const options = optionsOf(shapes).map(({ option, paths }) => line(paths, ...optionWords(option)))
  const places = shapes.flatMap((shape) =>
    shape.arguments
      .filter(({ words }) => words.kind !== 'text')
      .map(({ words }) => line([shape.path], ...argumentWords(words))),
  )
  return `# Completions of ${program} for fish
function ${at} --description 'Whether one of these commands is being completed'
  set -l words (commandline -opc)
  set -e words[1]
  set -l path
  set -l skip
  for word in $words
    if set -q skip[1]
      set -e skip
    else if contains -- $word ${valueFlags(shapes).join(' ')}
      set skip yes
    else if contains -- (string join ' ' -- $path $word) ${shapes.map(({ path }) => quoted(path)).join(' ')}
      set -a path $word
    end
  end
  contains -- (string join ' ' -- $path; or echo '') $argv
end
complete -c ${program} -f
${[...commands, ...options, ...places].join('\n')}
`
}

/** Options that take the same in several commands need one line. */
function optionsOf(shapes: readonly CommandShape[]): { option: OptionShape; paths: string[] }[] {
  const found = new Map<string, { option: OptionShape; paths: string[] }>()
  for (const { path, options } of shapes) {
    for (const option of options) {
      const key = JSON.stringify(option)
      const known = found.get(key)
      if (known) known.paths.push(path)
      else found.set(key, { option, paths: [path] })
    }
  }
  return [...found.values()]
}

function optionWords({ flags, summary, value }: OptionShape): string[] {
  const names = flags.flatMap((flag) =>
    flag.startsWith('--') ? ['-l', flag.slice(2)] : ['-s', flag.slice(1)],
  )
  return [...names, '-d', quoted(summary), ...(value === undefined ? [] : valueWords(value))]
}

function valueWords(words: Words): string[] {
  return words.kind === 'files' ? ['-r', '-F'] : ['-x', ...listed(words)]
}

function argumentWords(words: Words): string[] {
  return words.kind === 'files' ? ['-F'] : listed(words)
}

function listed(words: Words): string[] {
  if (words.kind === 'names') return ['-a', quoted(words.names.join(' '))]
  return words.kind === 'directories' ? ['-a', quoted('(__fish_complete_directories)')] : []
}

function valueFlags(shapes: readonly CommandShape[]): string[] {
  const flags = shapes.flatMap(({ options }) =>
    options.filter(({ value }) => value).flatMap((one) => one.flags),
  )
  return [...new Set(flags)]
}

function quoted(text: string): string {
  return `'${text.replaceAll(/[\\']/g, '\\$&')}'`
}
