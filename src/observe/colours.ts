import { styleText } from 'node:util'

/**
 * Whether colours may go to a stream: when it is a terminal that has them, and `NO_COLOR` is not set. `FORCE_COLOR` decides for any
 * stream. These are Node's own rules, so that the environment is read in one way everywhere.
 */
export function hasColours(stream: NodeJS.WritableStream): boolean {
  return styleText('bold', '.', { stream }) !== '.'
}
