import type { Check, Outcome } from '../check.ts'

/** The local ClickHouse server holds some files of each part that it reads or merges, and its tables have many parts. */
const ENOUGH = 4_096
const TOO_FEW = 512

export const openFilesCheck: Check = {
  name: 'open files',
  run: () => openFilesOutcome(openFilesLimit()),
}

/** How many files a process may have open; Node raises it to the hard limit for itself and its children. */
function openFilesLimit(): number {
  // Otherwise it looks up the names of all that this process is connected with.
  Object.assign(process.report, { excludeNetwork: true })
  const { userLimits } = process.report.getReport() as {
    userLimits?: { open_files?: { soft: number | string } }
  }
  const soft = userLimits?.open_files?.soft
  return typeof soft === 'number' ? soft : Number.POSITIVE_INFINITY
}

export function openFilesOutcome(limit: number): Outcome {
  if (!Number.isFinite(limit)) return { state: 'ok', detail: 'no limit' }
  const detail = `${limit} at most`
  if (limit >= ENOUGH) return { state: 'ok', detail }
  const mend = `Raise the limit where Millrace is started: ulimit -n 65536, or LimitNOFILE= of systemd.`
  return { state: limit < TOO_FEW ? 'fail' : 'warn', detail: `${detail}, ${ENOUGH} are enough`, mend }
}
