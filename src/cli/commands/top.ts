import { setTimeout as sleep } from 'node:timers/promises'
import { styleText } from 'node:util'
import { duration } from '../../config/parsers.ts'
import { MillraceError } from '../../errors.ts'
import { type CliContext, type Register, settingsOf } from '../context.ts'
import { addSettings, givenSettings } from '../setting-flags.ts'
import { TopReader } from '../top/reader.ts'
import { renderTop, type TopView } from '../top/render.ts'
import { Screen } from '../top/screen.ts'
import type { TopSnapshot } from '../top/snapshot.ts'

const HELP = `
On a terminal it goes on until q or Ctrl-C. Elsewhere, and with --once or --json, it
prints one snapshot and ends; with --watch it goes on there too. A snapshot takes one
interval, since its rates need two looks. docs/top-and-doctor.md says what it shows.

Exit codes: 0, also when a part is away; 2 the call is wrong.`

/** What is printed where there is no terminal. */
const COLUMNS = 100
const PAGES_ROWS = 45

const interval = duration(250, 3_600_000)

export const registerTop: Register = (program, context) => {
  const command = program
    .command('top')
    .description('show how everything is, live: rates, lag, freshness, pages, and what is away')
    .option('--once', 'print one snapshot as text and end')
    .option('--json', 'print one snapshot as a JSON object')
    .option('--watch', 'go on printing snapshots; with --json, one object a line')
    .option('--interval <time>', 'from one snapshot to the next', '1s')
    .addHelpText('after', HELP)
    .action(async (options) => {
      const { config } = settingsOf(context, givenSettings(options))
      if (options.once && options.watch) {
        throw new MillraceError('invalid_setting', '--once and --watch do not go together', {
          hint: 'Give one of them.',
        })
      }
      const everyMs = intervalOf(options.interval)
      const reader = new TopReader(config)
      const canMove = context.stdout.isTTY && context.environment.TERM !== 'dumb'
      if (canMove && !options.once && !options.json && !options.watch) {
        return showLive(reader, everyMs, options.interval, context)
      }
      const text = (snapshot: TopSnapshot): string =>
        options.json
          ? JSON.stringify(snapshot, null, options.watch ? 0 : 2)
          : `${renderTop(snapshot, viewOf(context, COLUMNS, PAGES_ROWS, ''))}${options.watch ? '\n' : ''}`
      await print(reader, everyMs, options.watch === true, text, context)
    })
  addSettings(command, ['host', 'producerPort', 'consumerPort', 'producerUrl', 'apiToken'])
  addSettings(command, ['kafkaBrokers', 'clickhouse', 'dataDir'])
}

async function showLive(
  reader: TopReader,
  everyMs: number,
  every: string,
  context: CliContext,
): Promise<void> {
  const quit = new AbortController()
  const signal = AbortSignal.any([context.signal, quit.signal])
  let last: TopSnapshot | undefined
  const draw = (): void => {
    const view = viewOf(context, screen.columns, screen.rows, `every ${every}, q ends it`)
    if (last !== undefined) screen.show(renderTop(last, view))
  }
  using screen = new Screen({
    stdin: context.stdin,
    stdout: context.stdout,
    onQuit: () => quit.abort(),
    onResize: () => draw(),
  })
  for await (const snapshot of snapshots(reader, everyMs, signal)) {
    last = snapshot
    draw()
  }
}

/** Prints the second snapshot, since the first knows no rates; or all of them. */
async function print(
  reader: TopReader,
  everyMs: number,
  goOn: boolean,
  text: (snapshot: TopSnapshot) => string,
  { stdout, signal }: CliContext,
): Promise<void> {
  const gone = new AbortController()
  // Whoever reads has read enough: `millrace top --watch | head`.
  stdout.once('error', () => gone.abort())
  let isFirst = true
  for await (const snapshot of snapshots(reader, everyMs, AbortSignal.any([signal, gone.signal]))) {
    if (!isFirst) stdout.write(`${text(snapshot)}\n`)
    if (!isFirst && !goOn) return
    isFirst = false
  }
}

/** A snapshot now, and one each interval, until the signal aborts. */
async function* snapshots(
  reader: TopReader,
  everyMs: number,
  signal: AbortSignal,
): AsyncGenerator<TopSnapshot> {
  const aborted = new Promise<undefined>((resolve) => {
    signal.addEventListener('abort', () => resolve(undefined), { once: true })
  })
  while (!signal.aborted) {
    const began = performance.now()
    const snapshot = await Promise.race([reader.take(), aborted])
    if (snapshot === undefined) return
    yield snapshot
    const restMs = Math.max(0, everyMs - (performance.now() - began))
    await sleep(restMs, undefined, { signal }).catch(() => {})
  }
}

function viewOf({ stdout }: CliContext, columns: number, rows: number, hint: string): TopView {
  return {
    columns: stdout.columns ?? columns,
    rows,
    hint,
    paint: (colour, text) => styleText(colour, text, { stream: stdout }),
  }
}

function intervalOf(text: string): number {
  try {
    return interval(text)
  } catch {
    throw new MillraceError('invalid_setting', `--interval: "${text}" is not allowed`, {
      hint: `Give ${interval.allowed}.`,
    })
  }
}
