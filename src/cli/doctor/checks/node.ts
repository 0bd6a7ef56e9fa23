import type { Check, Outcome } from '../check.ts'

/** The first that runs TypeScript as it is written here, and what bin/millrace.js looks for. */
const OLDEST = 24

export const nodeCheck: Check = {
  name: 'Node',
  run: () => nodeOutcome(process.versions.node),
}

export function nodeOutcome(version: string): Outcome {
  if (Number(version.split('.')[0]) >= OLDEST) return { state: 'ok', detail: version }
  return {
    state: 'fail',
    detail: `${version} is too old`,
    mend: `Run it with bin/millrace.js, which takes the Node ${OLDEST} that comes along.`,
  }
}
