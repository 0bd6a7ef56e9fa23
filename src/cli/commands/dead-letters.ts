import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Command } from 'commander'
import type { Config } from '../../config/config.ts'
import { show } from '../../dead-letters/display.ts'
import { changeFields, checkFixed, parseChanges } from '../../dead-letters/fix.ts'
import { replayCorrected } from '../../dead-letters/replay.ts'
import { MillraceError } from '../../errors.ts'
import { maxEventAge } from '../../event/max-age.ts'
import { REJECT_REASONS } from '../../event/outcome.ts'
import { count } from '../../observe/words.ts'
import { retryingWriter } from '../../send/retry.ts'
import { listFixes, saveFix } from '../../store/dead-letter-fixes.ts'
import { countErrors, type DeadLetter, getError, listErrors } from '../../store/dead-letters.ts'
import { openEventLog, openStore } from '../compose.ts'
import { type CliContext, loggerOf, type Register, settingsOf } from '../context.ts'
import { addSettings, givenSettings } from '../setting-flags.ts'
import { table } from '../table.ts'

const PREVIEW = 80
const FIXES_AT_ONCE = 10_000

export const registerDeadLetters: Register = (program, context) => {
  const group = program
    .command('dead-letters')
    .description('messages that were no page views: look at them, correct them, send them again')
  registerList(group, context)
  registerShow(group, context)
  registerFix(group, context)
  registerReplay(group, context)
}

function registerList(group: Command, context: CliContext): void {
  const command = group
    .command('list')
    .description('list dead letters, those that were rejected last first')
    .option('--reason <reason>', `only these: ${Object.keys(REJECT_REASONS).join(', ')}`)
    .option('--all', 'those that were resolved too')
    .option('--limit <n>', 'how many at most', '20')
    .option('--json', 'print one array of objects')
    .action(async (options) => {
      const { config } = settingsOf(context, givenSettings(options))
      await using store = await openStore(config, loggerOf({ ...config, logLevel: 'warn' }, 'dead-letters'))
      const filter = {
        ...(options.reason === undefined ? {} : { reason: knownReason(options.reason) }),
        ...(options.all ? {} : { resolved: false }),
      }
      const letters = await listErrors(store.db, {
        ...filter,
        limit: wholeNumber('--limit', options.limit, 1),
      })
      if (options.json) {
        context.stdout.write(`${JSON.stringify(letters.map(asJson))}\n`)
        return
      }
      const counts = await countErrors(store.db, filter)
      const total = counts.reduce((sum, { count: n }) => sum + n, 0)
      if (total === 0) {
        context.stdout.write('There are no dead letters.\n')
        return
      }
      const rows = letters.map((letter) => [
        `${letter.partition}/${letter.offset}`,
        new Date(letter.rejectedAtMs).toISOString().slice(0, 19),
        letter.reason,
        letter.resolved
          ? letter.resolved.how
          : letter.value === null
            ? ''
            : show(letter.value, PREVIEW).content,
      ])
      context.stdout.write(`${table(['place', 'rejected at', 'reason', 'message'], rows)}\n\n`)
      context.stdout.write(
        `${count(total)} in all: ${counts.map(({ reason, count: n }) => `${reason} ${count(n)}`).join(', ')}\n`,
      )
    })
  addSettings(command, ['clickhouse', 'dataDir', 'logFormat'])
}

function registerShow(group: Command, context: CliContext): void {
  const command = group
    .command('show')
    .description('show one dead letter, bytes that are no text as hex')
    .argument('<place>', 'partition/offset, as list shows it')
    .option('--json', 'print one object')
    .action(async (place: string, options) => {
      const { config } = settingsOf(context, givenSettings(options))
      await using store = await openStore(config, loggerOf({ ...config, logLevel: 'warn' }, 'dead-letters'))
      const letter = await getError(store.db, placeOf(place, config))
      if (options.json) {
        context.stdout.write(`${JSON.stringify(asJson(letter))}\n`)
        return
      }
      const { topic, partition, offset, reason, detail, rejectedAtMs, resolved, key, value } = letter
      context.stdout.write(
        [
          `${topic}, partition ${partition}, offset ${offset}`,
          `rejected  ${new Date(rejectedAtMs).toISOString()} as ${reason}: ${detail}`,
          `resolved  ${resolved ? `${new Date(resolved.atMs).toISOString()}, ${resolved.how}` : 'no'}`,
          `key       ${key === null ? 'none' : shownAs(key)}`,
          `message   ${value === null ? 'none' : shownAs(value)}`,
          '',
        ].join('\n'),
      )
    })
  addSettings(command, ['clickhouse', 'dataDir', 'kafkaTopic', 'logFormat'])
}

function registerFix(group: Command, context: CliContext): void {
  const command = group
    .command('fix')
    .description('correct a dead letter; it is sent by `millrace dead-letters replay`')
    .argument('<place>', 'partition/offset, as list shows it')
    .option(
      '--set <name=value...>',
      'change fields; a value is JSON or else text, and nothing takes the field out',
    )
    .option('--message <json>', 'the whole message; - reads it from standard input')
    .option('--editor', 'open the message in $EDITOR')
    .addHelpText('after', '\nExample:\n  millrace dead-letters fix 3/1204 --set page_id=/pricing')
    .action(async (place: string, options) => {
      const { config } = settingsOf(context, givenSettings(options))
      await using store = await openStore(config, loggerOf({ ...config, logLevel: 'warn' }, 'dead-letters'))
      const letter = await getError(store.db, placeOf(place, config))
      const message = await correct(letter, options, context)
      checkFixed(message, limitsOf(config))
      await saveFix(store.db, {
        topic: letter.topic,
        partition: letter.partition,
        offset: letter.offset,
        message,
      })
      context.stdout.write(`Corrected. Send it with: millrace dead-letters replay ${place}\n`)
    })
  addSettings(command, [
    'clickhouse',
    'rawTtlDays',
    'lateMargin',
    'maxFuture',
    'dataDir',
    'kafkaTopic',
    'logFormat',
  ])
}

function registerReplay(group: Command, context: CliContext): void {
  const command = group
    .command('replay')
    .description('send corrected dead letters; done twice, they count once')
    .argument('[places...]', 'partition/offset of each; all that were corrected when none is given')
    .option('--json', 'print one array of objects')
    .action(async (places: string[], options) => {
      const { config } = settingsOf(context, givenSettings(options))
      const logger = loggerOf({ ...config, logLevel: 'warn' }, 'dead-letters')
      await using ending = new AsyncDisposableStack()
      const { log, ledger, close } = await openEventLog(config, logger)
      ending.defer(close)
      const { db } = ending.use(await openStore(config, logger))
      const writer = retryingWriter(await log.writer(), {
        attempts: config.sendAttempts,
        firstPauseMs: config.sendBackoff,
        longestPauseMs: config.sendMaxBackoff,
        random: Math.random,
      })
      const wanted = new Set(places.map((place) => nameOf(placeOf(place, config))))
      const fixes = (await listFixes(db, FIXES_AT_ONCE)).filter(
        (fix) => wanted.size === 0 || wanted.has(nameOf(fix)),
      )
      for (const fix of fixes) wanted.delete(nameOf(fix))
      if (wanted.size > 0) {
        throw new MillraceError('not_found', `no correction waits to be sent for ${[...wanted].join(', ')}`, {
          hint: 'Correct it with `millrace dead-letters fix`; what was sent already is not sent again.',
        })
      }
      const sent: { partition: number; offset: number; event_id: string }[] = []
      for (const fix of fixes) {
        const view = checkFixed(fix.message, limitsOf(config))
        const options = { db, writer, ledger, partitions: log.partitions, now: Date.now }
        const eventId = await replayCorrected({ letter: fix, message: fix.message, view }, options)
        sent.push({ partition: fix.partition, offset: fix.offset, event_id: eventId })
      }
      if (options.json) context.stdout.write(`${JSON.stringify(sent)}\n`)
      else
        context.stdout.write(
          sent.length === 0 ? 'No correction waits to be sent.\n' : `${count(sent.length)} sent.\n`,
        )
    })
  addSettings(command, [
    'rawTtlDays',
    'lateMargin',
    'maxFuture',
    'sendAttempts',
    'sendBackoff',
    'sendMaxBackoff',
  ])
  addSettings(command, [
    'log',
    'clickhouseUrl',
    'clickhouseUser',
    'clickhousePassword',
    'clickhouseDatabase',
    'dataDir',
    'logFormat',
  ])
}

async function correct(
  letter: DeadLetter,
  options: { set?: string[]; message?: string; editor?: boolean },
  context: CliContext,
): Promise<Buffer> {
  const given = [options.set, options.message, options.editor].filter((option) => option !== undefined)
  if (given.length !== 1) {
    throw new MillraceError('invalid_setting', 'give one of --set, --message and --editor', {
      hint: 'Such as: --set page_id=/pricing',
    })
  }
  if (options.set) return changeFields(letter.value, parseChanges(options.set))
  if (options.message === '-') return readAll(context.stdin)
  return options.message === undefined ? edit(letter, context) : Buffer.from(options.message)
}

function edit({ value }: DeadLetter, { environment }: CliContext): Buffer {
  const editor = environment.VISUAL || environment.EDITOR || 'vi'
  const directory = mkdtempSync(join(tmpdir(), 'millrace-fix-'))
  try {
    const file = join(directory, 'message.json')
    writeFileSync(file, value ?? '', { mode: 0o600 })
    // By a shell, since EDITOR may hold flags: `code --wait`.
    const { status, error } = spawnSync('sh', ['-c', `${editor} "$1"`, 'sh', file], { stdio: 'inherit' })
    if (error || status !== 0) {
      throw new MillraceError(
        'file_unusable',
        `the editor "${editor}" ended with ${error?.message ?? `status ${status}`}`,
        {
          hint: 'Nothing was changed. Set EDITOR, or use --set or --message.',
        },
      )
    }
    return Buffer.from(readFileSync(file, 'utf8').trimEnd())
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

function limitsOf(config: Config) {
  return {
    nowMs: Date.now(),
    maxAgeMs: maxEventAge(config.rawTtlDays, config.lateMargin),
    maxFutureMs: config.maxFuture,
  }
}

function placeOf(text: string, config: Config): { topic: string; partition: number; offset: number } {
  const match = /^(\d+)\/(\d+)$/.exec(text)
  if (!match) {
    throw new MillraceError('invalid_setting', `"${text}" is no place`, {
      hint: 'Give partition and offset, such as 3/1204; `millrace dead-letters list` shows them.',
    })
  }
  return { topic: config.kafkaTopic, partition: Number(match[1]), offset: Number(match[2]) }
}

function nameOf({ partition, offset }: { partition: number; offset: number }): string {
  return `${partition}/${offset}`
}

function knownReason(text: string): string {
  if (text in REJECT_REASONS) return text
  throw new MillraceError('invalid_setting', `--reason: "${text}" is not allowed`, {
    hint: `Give one of ${Object.keys(REJECT_REASONS).join(', ')}.`,
  })
}

function wholeNumber(flag: string, text: string, min: number): number {
  const n = Number(text)
  if (/^\d+$/.test(text) && Number.isSafeInteger(n) && n >= min) return n
  throw new MillraceError('invalid_setting', `${flag}: "${text}" is not allowed`, {
    hint: `Give a whole number from ${min}.`,
  })
}

function shownAs(bytes: Buffer): string {
  const { as, content } = show(bytes)
  return as === 'hex' ? `(hex) ${content}` : content
}

function asJson({ key, value, rejectedAtMs, resolved, ...letter }: DeadLetter) {
  return {
    ...letter,
    rejected_at: new Date(rejectedAtMs).toISOString(),
    key: key && show(key),
    message: value && show(value),
    resolved: resolved && { at: new Date(resolved.atMs).toISOString(), how: resolved.how },
  }
}

async function readAll(stream: NodeJS.ReadStream): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of stream) chunks.push(Buffer.from(chunk))
  return Buffer.concat(chunks)
}
