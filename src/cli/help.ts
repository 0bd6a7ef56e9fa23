import { styleText } from 'node:util'
import type { Argument, Command, Option } from 'commander'

/** How every --help looks: a command's own options before the settings, and each default and choice in the same words. */
export const HELP = {
  groupItems<T extends Command | Option>(
    all: T[],
    visible: T[],
    groupOf: (item: T) => string,
  ): Map<string, T[]> {
    const headings = new Set(['Options:', ...[...all, ...visible].map(groupOf)])
    return new Map(
      [...headings].map((heading) => [heading, visible.filter((item) => groupOf(item) === heading)]),
    )
  },
  optionDescription({ description, argChoices, defaultValue, defaultValueDescription }: Option): string {
    const known = defaultValueDescription ?? (typeof defaultValue === 'boolean' ? undefined : defaultValue)
    const more = [
      ...(argChoices ? [`one of ${argChoices.join(', ')}`] : []),
      ...(known === undefined ? [] : [`default: ${known}`]),
    ]
    return more.length === 0 ? description : `${description} (${more.join('; ')})`
  },
  argumentDescription({ description, argChoices }: Argument): string {
    return argChoices ? `${description} (one of ${argChoices.join(', ')})` : description
  },
  // Commander takes the style out again where there are no colours.
  styleTitle: (title: string): string => styleText('bold', title, { validateStream: false }),
}
