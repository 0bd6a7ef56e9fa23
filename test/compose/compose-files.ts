import { execFileSync } from 'node:child_process'
import { resolve } from 'node:path'
import { test } from 'node:test'

export const ROOT = resolve(import.meta.dirname, '../..')

/** A service of a compose file, as Compose understood it. */
export interface Service {
  readonly image?: string
  readonly build?: unknown
  readonly container_name: string
  readonly command?: readonly string[]
  readonly ports?: readonly (string | { published: string | number; target: number; host_ip?: string })[]
  readonly environment?: Readonly<Record<string, string | number | null>>
  readonly healthcheck?: { readonly test: readonly string[] }
  readonly volumes?: readonly (string | { type: string; source: string; target: string })[]
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>
  readonly restart?: string
  readonly profiles?: readonly string[]
  readonly network_mode?: string
  readonly read_only?: boolean
}

/** Whether Compose is here to read the files. When it isn't, a skipped test says so loudly; on CI it fails. */
export function canReadComposeFiles(): boolean {
  const missing = [
    ['docker-compose', 'version'],
    ['python3', '-c', 'import yaml'],
  ].filter(([program, ...args]) => !works(program!, args))
  if (missing.length === 0) return true
  const reason = `The compose files need docker-compose and python3-yaml: \`${missing[0]!.join(' ')}\` does not work`
  const mustRun = process.env.CI === 'true'
  test('the compose files', { skip: mustRun ? false : reason }, () => {
    throw new Error(reason)
  })
  if (!mustRun) process.stderr.write(`\nNOT TESTED: ${reason}.\n\n`)
  return false
}

/**
 * The services of compose files, one laid over the other, those of profiles too. No engine is needed for that.
 *
 * @throws when Compose finds an error in them
 */
export function servicesOf(...files: readonly string[]): Readonly<Record<string, Service>> {
  const args = [...files.flatMap((file) => ['-f', file]), '--profile', 'monitoring', 'config']
  const environment = Object.entries(process.env).filter(([name]) => !name.startsWith('MILLRACE_'))
  const yaml = execFileSync('docker-compose', args, {
    cwd: ROOT,
    encoding: 'utf8',
    env: Object.fromEntries(environment),
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  // The first versions of Compose print YAML only.
  const toJson = 'import sys, json, yaml; json.dump(yaml.safe_load(sys.stdin), sys.stdout)'
  return JSON.parse(execFileSync('python3', ['-c', toJson], { input: yaml, encoding: 'utf8' })).services
}

/** The ports of a service, as `address:port:port of the container`. */
export function portsOf({ ports = [] }: Service): string[] {
  return ports.map((port) =>
    typeof port === 'string'
      ? port.replace(/\/tcp$/, '')
      : `${port.host_ip}:${port.published}:${port.target}`,
  )
}

/** What a service mounts: from where (a file or a volume), to where. */
export function mountsOf({ volumes = [] }: Service): { source: string; target: string }[] {
  return volumes.map((volume) => {
    if (typeof volume !== 'string') return volume
    const [source, target] = volume.split(':')
    return { source: source!, target: target! }
  })
}

function works(program: string, args: readonly string[]): boolean {
  try {
    execFileSync(program, args, { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}
