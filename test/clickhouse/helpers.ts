import { type ChildProcess, spawn } from 'node:child_process'
import { readdir, readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { TestContext } from 'node:test'
import { type LocalClickHouse, openLocalClickHouse } from '../../src/clickhouse/local-clickhouse.ts'
import type { Endpoint } from '../../src/store/database.ts'
import { clickHouseOptions } from '../helpers/clickhouse-options.ts'
import { temporaryDirectory } from '../helpers/program.ts'

export interface Reply {
  readonly status: number
  readonly text: string
}

/** Asks over HTTP, with credentials (`user:password`) or without. */
export async function ask(url: string, query: string, credentials?: string): Promise<Reply> {
  const response = await fetch(url, {
    method: 'POST',
    body: query,
    headers: credentials === undefined ? {} : { authorization: `Basic ${btoa(credentials)}` },
  })
  return { status: response.status, text: (await response.text()).trim() }
}

/** Asks as the program's user. */
export function askAsProgram(endpoint: Endpoint, query: string): Promise<Reply> {
  return ask(endpoint.url, query, `${endpoint.user}:${endpoint.password}`)
}

/** Opens the local ClickHouse of a directory (a new one when none is given); closed when the test is over. */
export async function open(
  t: TestContext,
  overrides: Parameters<typeof clickHouseOptions>[1] & { dataDir?: string } = {},
): Promise<LocalClickHouse & { readonly dataDir: string }> {
  const dataDir = overrides.dataDir ?? (await temporaryDirectory(t))
  const local = await openLocalClickHouse(clickHouseOptions(dataDir, overrides))
  t.after(() => local.close())
  return Object.assign(local, { dataDir })
}

/** A process of its own with the local ClickHouse of a directory open (see process.ts). */
export interface OpenedProcess {
  readonly child: ChildProcess
  readonly opened: Promise<{ owner: boolean; endpoint: Endpoint }>
  readonly ended: Promise<number | null>
  log(): string
}

export function openInProcess(t: TestContext, dataDir: string, overrides: object = {}): OpenedProcess {
  const child = spawn(
    process.execPath,
    [resolve(import.meta.dirname, 'process.ts'), dataDir, JSON.stringify(overrides)],
    { stdio: ['pipe', 'pipe', 'pipe'] },
  )
  let log = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    log += text
  })
  const ended = new Promise<number | null>((resolve) => child.once('close', (status) => resolve(status)))
  const opened = new Promise<{ owner: boolean; endpoint: Endpoint }>((resolve, reject) => {
    child.stdout.setEncoding('utf8').once('data', (line: string) => resolve(JSON.parse(line)))
    void ended.then((status) => reject(new Error(`it ended with ${status}: ${log}`)))
  })
  opened.catch(() => {})
  t.after(async () => {
    child.stdin.end()
    await ended
  })
  return { child, opened, ended, log: () => log }
}

/** The server processes on this directory, found in /proc. */
export async function serverPids(dataDir: string): Promise<number[]> {
  const found: number[] = []
  for (const name of await readdir('/proc')) {
    if (!/^\d+$/.test(name)) continue
    const command = await readFile(`/proc/${name}/cmdline`, 'utf8').catch(() => '')
    if (command.includes('server-process.ts') && command.includes(`${dataDir}/`)) found.push(Number(name))
  }
  return found
}
