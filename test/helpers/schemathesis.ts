import { execFile } from 'node:child_process'
import { accessSync, readFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'

const HERE = resolve(import.meta.dirname, '../http/schemathesis')

/** What schemathesis reports in JSON, the parts that are looked at. */
export interface Report {
  readonly complete: boolean
  readonly operations: { readonly total: number; readonly selected: number; readonly tested: number }
  readonly test_cases: {
    readonly generated: number
    readonly with_failures: number
    readonly errored: number
  }
}

export interface Checked {
  readonly status: number
  /** What it wrote, with each failure and how to repeat it. */
  readonly output: string
  readonly report: Report
}

/** Where .ci/run puts the version that test/http/schemathesis/requirements.txt names; it is installed by hand in the same way. */
function program(): string {
  const [, version] = /^schemathesis==(.+)$/m.exec(readFileSync(join(HERE, 'requirements.txt'), 'utf8'))!
  const cache = process.env.XDG_CACHE_HOME || join(homedir(), '.cache')
  return join(cache, 'millrace', `schemathesis-${version}`, 'bin', 'schemathesis')
}

/** Why it cannot run here, as a sentence; undefined when it can. */
export function whyNoSchemathesis(): string | undefined {
  try {
    accessSync(program())
    return undefined
  } catch {
    return `schemathesis is not at ${program()}: test/http/schemathesis/install.sh puts it there`
  }
}

/**
 * Makes requests out of a service's OpenAPI document, right and wrong ones, and checks that the answers are what it says.
 *
 * @param reportDir where it may leave files
 */
export async function checkByDocument(url: string, reportDir: string): Promise<Checked> {
  const reportPath = join(reportDir, `${new URL(url).port}.json`)
  const args = [
    ...['--config-file', join(HERE, 'schemathesis.toml'), 'run', `${url}/openapi.json`, '--no-color'],
    ...['--report-json-path', reportPath],
    // Each request on a connection of its own: see many-clients.ts.
    ...['--header', 'Connection: close'],
  ]
  const running = promisify(execFile)(program(), args, { cwd: reportDir, maxBuffer: 2 ** 26 })
  const { status, output } = await running.then(
    ({ stdout }) => ({ status: 0, output: stdout }),
    (error) => ({ status: Number(error.code), output: `${error.stdout}${error.stderr}` }),
  )
  const text = await readFile(reportPath, 'utf8').catch((cause) => {
    throw new Error(`schemathesis gave no report: ${output}`, { cause })
  })
  // Some requests are a megabyte long.
  const short = output.replace(/^(.{400}).+$/gm, '$1 …')
  return { status, output: short, report: JSON.parse(text) }
}
