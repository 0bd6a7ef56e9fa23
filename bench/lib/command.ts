import { Command, InvalidArgumentError, Option } from 'commander'

/**
 * A benchmark as a command of `npm run bench`.
 *
 * @param question what it answers, in one line
 */
export function benchmark(name: string, question: string): Command {
  return new Command(name)
    .description(question)
    .option('--record', 'keep the result in bench/RESULTS.md and its chart in docs/images/bench')
}

/** Reads an option that is a number of things, at least one; digits may be grouped by underscores. */
export function count(text: string): number {
  const value = Number(text.replaceAll('_', ''))
  if (!/^\d[\d_]*$/.test(text) || !Number.isSafeInteger(value) || value < 1)
    throw new InvalidArgumentError('Give a whole number of at least 1.')
  return value
}

/** Reads an option that is several numbers, separated by commas. */
export function counts(text: string): number[] {
  return text.split(',').map(count)
}

/** Reads an option that is several of some names, separated by commas. */
export function someOf<Name extends string>(names: readonly Name[]): (text: string) => Name[] {
  return (text) =>
    text.split(',').map((name) => {
      const known = names.find((each) => each === name)
      if (known === undefined) throw new InvalidArgumentError(`"${name}" is none of ${names.join(', ')}.`)
      return known
    })
}

/** An option that is several things, whose default `--help` shows as one would write it. */
export function listOption<Item>(
  flags: string,
  description: string,
  parse: (text: string) => Item[],
  fallback: readonly Item[],
): Option {
  return new Option(flags, description).argParser(parse).default(fallback, fallback.join(','))
}
