import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Below those that the system gives to whoever asks for any port, and to connections. */
const FIRST = 15_000
const LAST = 31_999

/** Which process of the tests has which port: a file by the name of the port, with the process in it. */
const CLAIMS = join(tmpdir(), 'millrace-test-ports')
const claimed: string[] = []

/**
 * Ports of the loopback address that nobody listens on, all different. As long as this process lives no other one of the tests is given them, and
 * the system gives them to nobody: between this answer and a server that listens there may be seconds. A cluster once had the server of another
 * one for its shard.
 */
export async function freePorts(count: number): Promise<number[]> {
  mkdirSync(CLAIMS, { recursive: true })
  const ports: number[] = []
  while (ports.length < count) {
    const port = FIRST + Math.floor(Math.random() * (LAST - FIRST + 1))
    if (claim(port) && (await isFree(port))) ports.push(port)
  }
  return ports
}

/** @returns whether it is ours now and was nobody's before */
function claim(port: number): boolean {
  const file = join(CLAIMS, String(port))
  if (isAlive(ownerOf(file))) return false
  rmSync(file, { force: true })
  try {
    writeFileSync(file, String(process.pid), { flag: 'wx' })
  } catch {
    return false
  }
  if (claimed.length === 0) process.once('exit', release)
  claimed.push(file)
  return true
}

function release(): void {
  for (const file of claimed) rmSync(file, { force: true })
}

function ownerOf(file: string): number | undefined {
  try {
    return Number(readFileSync(file, 'utf8'))
  } catch {
    return undefined
  }
}

function isAlive(pid: number | undefined): boolean {
  if (!pid) return false
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => server.close(() => resolve(true)))
  })
}
