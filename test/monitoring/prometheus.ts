import { execFileSync, spawn } from 'node:child_process'
import { cp, readFile, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { type TestContext, test } from 'node:test'
import { freePorts } from '../helpers/ports.ts'
import { temporaryDirectory } from '../helpers/program.ts'
import { eventually } from '../helpers/wait.ts'

export const ROOT = resolve(import.meta.dirname, '../..')
export const MONITORING = join(ROOT, 'docker/monitoring')

/** Whether Prometheus is here. When it isn't, a skipped test says so loudly; on CI it fails. */
export function canRunPrometheus(): boolean {
  try {
    for (const program of ['prometheus', 'promtool'])
      execFileSync(program, ['--version'], { stdio: 'ignore' })
    return true
  } catch {
    const reason = 'Rules and board need the programs prometheus and promtool (Debian: prometheus)'
    const mustRun = process.env.CI === 'true'
    test('the monitoring', { skip: mustRun ? false : reason }, () => {
      throw new Error(reason)
    })
    if (!mustRun) process.stderr.write(`\nNOT TESTED: ${reason}.\n\n`)
    return false
  }
}

export interface Sample {
  readonly metric: Readonly<Record<string, string>>
  readonly value: readonly [time: number, value: string]
}

export class Prometheus {
  readonly #url: string

  private constructor(url: string) {
    this.#url = url
  }

  /**
   * A Prometheus with the files of docker/monitoring, but for the places of the services, and asking them every second.
   *
   * @param targets a service's address for each of those in the file
   */
  static async start(t: TestContext, targets: Readonly<Record<string, string>>): Promise<Prometheus> {
    const directory = await temporaryDirectory(t)
    const [port] = await freePorts(1)
    await cp(join(MONITORING, 'rules'), join(directory, 'rules'), { recursive: true })
    let config = await readFile(join(MONITORING, 'prometheus.yml'), 'utf8')
    for (const [from, to] of Object.entries(targets)) config = config.replace(from, to)
    await writeFile(join(directory, 'prometheus.yml'), config.replaceAll(/(_interval:) 5s/g, '$1 1s'))
    const child = spawn(
      'prometheus',
      [
        `--config.file=${join(directory, 'prometheus.yml')}`,
        `--storage.tsdb.path=${join(directory, 'data')}`,
        `--web.listen-address=127.0.0.1:${port}`,
        '--log.level=warn',
      ],
      { stdio: ['ignore', 'ignore', 'pipe'] },
    )
    let said = ''
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      said += text
    })
    const ended = new Promise((end) => child.once('close', end))
    t.after(async () => {
      child.kill('SIGTERM')
      await ended
    })
    const url = `http://127.0.0.1:${port}`
    await eventually('Prometheus to be ready', async () => {
      if (child.exitCode !== null) throw new Error(said)
      return (await fetch(`${url}/-/ready`)).ok
    })
    return new Prometheus(url)
  }

  async query(expression: string): Promise<Sample[]> {
    const { result } = await this.ask(`query?query=${encodeURIComponent(expression)}`)
    return result
  }

  // biome-ignore lint/suspicious/noExplicitAny: the answers are checked by what the tests expect of them
  async ask(path: string): Promise<any> {
    const answer = (await (await fetch(`${this.#url}/api/v1/${path}`)).json()) as {
      status: string
      error?: string
      data: unknown
    }
    if (answer.status !== 'success') throw new Error(`${path}: ${answer.error}`)
    return answer.data
  }
}
