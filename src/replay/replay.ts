import type { KeyObject } from 'node:crypto'
import { MillraceError } from '../errors.ts'
import type { Ledger } from '../ledger/port.ts'
import type { LogWriter } from '../log/port.ts'
import type { FileCounts } from './counts.ts'
import { type FileToRead, inspectFile } from './lines.ts'
import { type Planned, refuseLosses } from './losses.ts'
import { scan } from './read-log.ts'
import { RejectsFile } from './rejects-file.ts'
import { type ReplayedFile, replayFile } from './replay-file.ts'
import { type Interrupted, identify, ReplayState } from './state.ts'

export interface ReplayOptions {
  readonly writer: LogWriter
  readonly ledger: Ledger
  readonly partitions: number
  readonly dataDir: string
  /** Older page views would be rejected as too late, in milliseconds; null when any age is taken. */
  readonly maxAgeMs: number | null
  /** Page views further ahead would be rejected as in the future, in milliseconds. */
  readonly maxFutureMs: number
  /** Whether all times are moved, so that the last page view of a file happens now. */
  readonly shiftToNow: boolean
  /** Where lines that are no log lines are written to, with file and number in front. */
  readonly rejectsFile?: string
  /** Milliseconds since the epoch. */
  readonly now: () => number
  readonly signal: AbortSignal
  readonly progress: (progress: ReplayProgress) => void
}

export interface ReplayProgress {
  readonly file: string
  readonly phase: 'looking' | 'sending'
  /** Of this file, as it lies on the disk. */
  readonly bytesRead: number
  readonly bytes: number
  /** Messages of this file that are in the log. */
  readonly sent: number
  readonly pageViews: number
}

export interface ReplayReport {
  readonly files: readonly (ReplayedFile & { readonly file: string; readonly shiftMs: number })[]
  readonly complete: boolean
}

/** How often a replay's progress is kept, in messages. What was sent after that is sent again, which counts nothing twice. */
const KEEP_EVERY = 5_000

/** A file as it is to be sent, and how far an earlier run has come. */
interface Plan extends Planned {
  readonly id: string
  readonly interrupted: Interrupted | undefined
}

/**
 * Sends the page views of access logs. All files are read once before anything is sent, so that what cannot be sent as it is
 * wanted is said first.
 *
 * @throws MillraceError `file_unusable`, `check_failed` when page views would be lost, and what the log throws
 */
export async function replay(paths: readonly string[], options: ReplayOptions): Promise<ReplayReport> {
  const { signal } = options
  const files = await Promise.all(paths.map(inspectFile))
  const state = new ReplayState(options.dataDir)
  const visitorKey = state.visitorKey()
  const nowMs = options.now()
  const plans: Plan[] = []
  for (const file of files) plans.push(await plan(file, state, nowMs, options))
  await refuseLosses(plans, nowMs, options)
  if (signal.aborted) return { files: [], complete: false }

  using rejects = options.rejectsFile === undefined ? undefined : new RejectsFile(options.rejectsFile, files)
  const done: ReplayReport['files'][number][] = []
  for (const planned of plans) {
    if (signal.aborted) break
    const replayed = await send(planned, visitorKey, state, rejects, options)
    done.push({ file: planned.file.path, shiftMs: planned.shiftMs, ...replayed })
  }
  const complete = done.length === plans.length && done.every((file) => file.complete)
  // Only now: when a later file is interrupted, the files before it are known as sent, with the shift they were sent with.
  if (complete) for (const { id } of plans) state.remove(id)
  return { files: done, complete }
}

async function plan(
  file: FileToRead,
  state: ReplayState,
  nowMs: number,
  options: ReplayOptions,
): Promise<Plan> {
  const counts = await look(file, options)
  const id = `${await identify(file)}${options.shiftToNow ? '-shifted' : ''}`
  const interrupted = state.read(id)
  const wantedShiftMs = options.shiftToNow && counts.lastMs !== null ? nowMs - counts.lastMs : 0
  return { file, counts, id, interrupted, shiftMs: interrupted?.shiftMs ?? wantedShiftMs }
}

async function look(file: FileToRead, { signal, progress }: ReplayOptions): Promise<FileCounts> {
  let bytesRead = 0
  const counts = await scan(file, {
    signal,
    onBytes: (bytes) => {
      bytesRead += bytes
      const { path } = file
      progress({ file: path, phase: 'looking', bytesRead, bytes: file.bytes, sent: 0, pageViews: 0 })
    },
  })
  if (!signal.aborted && counts.lines === counts.rejected) {
    const found = counts.lines === 0 ? 'it is empty' : `none of its ${counts.lines} lines is a log line`
    throw new MillraceError('file_unusable', `${file.path} is no access log: ${found}`, {
      hint: 'Access logs are in the common or the combined format, plain or compressed with gzip.',
    })
  }
  return counts
}

async function send(
  { file, counts, id, interrupted, shiftMs }: Plan,
  visitorKey: KeyObject,
  state: ReplayState,
  rejects: RejectsFile | undefined,
  options: ReplayOptions,
): Promise<ReplayedFile> {
  let bytesRead = 0
  let kept = interrupted?.sent ?? 0
  // Before the first message: a run that is killed now must be gone on with by the same shift.
  state.write(id, { sent: kept, shiftMs })
  const replayed = await replayFile(file, {
    ...options,
    visitorKey,
    shiftMs,
    skip: kept,
    onBytes: (bytes) => {
      bytesRead += bytes
    },
    onReject: (line, why) => rejects?.write(file, line, why),
    onSent: (sent) => {
      if (sent - kept >= KEEP_EVERY) {
        state.write(id, { sent, shiftMs })
        kept = sent
      }
      const pageViews = counts.kinds['page view']
      options.progress({ file: file.path, phase: 'sending', bytesRead, bytes: file.bytes, sent, pageViews })
    },
  })
  state.write(id, { sent: replayed.sent, shiftMs })
  return replayed
}
