import { execFile, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { access, mkdir, mkdtemp, readFile, rename, rm } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'

/** Kafka 4 runs by itself (KRaft); Kafka 3 is run with ZooKeeper, as many clusters still do. */
export type KafkaVersion = '3' | '4'

const POMS = resolve(import.meta.dirname, '../kafka')

/** Why no broker can run here, as a sentence; undefined when one can. */
export function whyNoKafka(): string | undefined {
  const missing = [
    ['java', '-version'],
    ['mvn', '-version'],
  ].filter(([program, flag]) => spawnSync(program!, [flag!], { stdio: 'ignore' }).status !== 0)
  if (missing.length === 0) return undefined
  return `A broker needs Java 17 and Maven: ${missing.map(([program]) => program).join(' and ')} not found`
}

/**
 * The class path of a broker and its tools. Maven fetches the libraries once (some 50 MB) into the user's cache directory.
 * Several processes may ask at the same time: each fetches into a directory of its own, and the first to finish wins.
 */
export async function kafkaClassPath(version: KafkaVersion): Promise<string> {
  const pom = join(POMS, `kafka-${version}`, 'pom.xml')
  const cache = process.env.XDG_CACHE_HOME || join(homedir(), '.cache')
  const digest = createHash('sha256')
    .update(await readFile(pom))
    .digest('hex')
  const parent = join(cache, 'millrace')
  const libs = join(parent, `kafka-${version}-${digest.slice(0, 12)}`)
  const there = await access(libs).then(
    () => true,
    () => false,
  )
  if (!there) await fetchLibraries(pom, parent, libs)
  return join(libs, '*')
}

async function fetchLibraries(pom: string, parent: string, libs: string): Promise<void> {
  await mkdir(parent, { recursive: true })
  const fetched = await mkdtemp(join(parent, 'fetching-'))
  try {
    await promisify(execFile)('mvn', [
      '-q',
      '-B',
      '-f',
      pom,
      'dependency:copy-dependencies',
      `-DoutputDirectory=${fetched}`,
    ])
    await rename(fetched, libs)
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code
    // Another process was faster: its libraries are the same.
    if (code !== 'ENOTEMPTY' && code !== 'EEXIST') throw error
  } finally {
    await rm(fetched, { recursive: true, force: true })
  }
}
