import { type PrettyStream, default as pinoPretty } from 'pino-pretty'
import { hasColours } from './colours.ts'

/** Log lines for a person at a terminal: time, level, part, sentence. */
export function pretty(): PrettyStream {
  return pinoPretty({
    destination: 2,
    // By itself it looks at standard output.
    colorize: hasColours(process.stderr),
    sync: true,
    ignore: 'hostname,pid',
    translateTime: 'SYS:HH:MM:ss.l',
    customColors: { debug: 'gray' },
  })
}
