import { spawnSync } from 'node:child_process'
import { resolve } from 'node:path'

/**
 * Asks the registry whether a package that Millrace runs on has a known vulnerability. It fails on findings only: a registry that
 * has no audit, or is away, is said loudly, since then nothing was checked.
 */
const { stdout, stderr, error } = spawnSync('npm', ['audit', '--omit=dev', '--json'], {
  cwd: resolve(import.meta.dirname, '..'),
  encoding: 'utf8',
  maxBuffer: 64 * 2 ** 20,
})

interface Report {
  readonly vulnerabilities?: Readonly<Record<string, { readonly severity: string; readonly range: string }>>
  readonly metadata?: { readonly vulnerabilities?: { readonly total: number } }
  readonly message?: string
}

const report = parse(stdout)
const total = report?.metadata?.vulnerabilities?.total
if (total === undefined) {
  const why = report?.message ?? error?.message ?? stderr.trim().split('\n').at(-1) ?? 'no answer'
  process.stdout.write(
    `${'!'.repeat(78)}\nNOT AUDITED: the registry answers no audit, so nobody looked for vulnerabilities.\n${why}\n${'!'.repeat(78)}\n`,
  )
} else if (total > 0) {
  for (const [name, { severity, range }] of Object.entries(report?.vulnerabilities ?? {})) {
    process.stdout.write(`${severity}: ${name} ${range}\n`)
  }
  process.stdout.write(`${total} packages with known vulnerabilities: npm audit --omit=dev says more\n`)
  process.exitCode = 1
} else {
  process.stdout.write('no known vulnerability in what Millrace runs on\n')
}

function parse(text: string): Report | undefined {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
