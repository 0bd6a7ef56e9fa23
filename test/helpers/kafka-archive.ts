import { access, mkdtemp, rename, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { KafkaCluster } from './kafka-cluster.ts'
import { type KafkaVersion, kafkaClassPath } from './kafka-libs.ts'

/** Brokers of tests live shortly and do little: Java need not compile well for them. */
const SHORT_LIVED = ['-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC']

/**
 * What lets Java start a broker with a third of the work: little compilation, and an archive of its classes, which the first one who
 * asks makes beside the libraries, out of a broker that is started and ended for it. An archive of another Java is ignored by Java.
 * https://docs.oracle.com/en/java/javase/17/vm/class-data-sharing.html
 */
export async function quickStart(version: KafkaVersion): Promise<string[]> {
  const libraries = dirname(await kafkaClassPath(version))
  const archive = `${libraries}.jsa`
  const there = await access(archive).then(
    () => true,
    () => false,
  )
  if (!there) await makeArchive(version, archive)
  return [...SHORT_LIVED, `-XX:SharedArchiveFile=${archive}`]
}

async function makeArchive(version: KafkaVersion, archive: string): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), 'millrace-kafka-archive-'))
  const made = join(dirname(archive), `making-${process.pid}-${Date.now()}.jsa`)
  try {
    const javaFlags = [...SHORT_LIVED, `-XX:ArchiveClassesAtExit=${made}`]
    await using cluster = await KafkaCluster.start({ version, brokers: 1, directory, javaFlags })
    await cluster.stopBroker(1, 'SIGTERM')
    await rename(made, archive)
  } catch {
    // Without it brokers start as well, only slower.
    await rm(made, { force: true })
  } finally {
    await rm(directory, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 })
  }
}
