import { KafkaCluster } from '../../test/helpers/kafka-cluster.ts'
import { whyNoKafka } from '../../test/helpers/kafka-libs.ts'
import { removeTemporary, temporaryDirectory } from './temporary.ts'

/** One Kafka 4 broker of a benchmark's own. */
export class BenchBroker implements AsyncDisposable {
  readonly cluster: KafkaCluster
  readonly directory: string

  private constructor(cluster: KafkaCluster, directory: string) {
    this.cluster = cluster
    this.directory = directory
  }

  /** @throws Error when there is no Java or Maven */
  static async start(): Promise<BenchBroker> {
    const reason = whyNoKafka()
    if (reason !== undefined) throw new Error(`${reason}.`)
    const directory = await temporaryDirectory('kafka')
    try {
      return new BenchBroker(await KafkaCluster.start({ version: '4', brokers: 1, directory }), directory)
    } catch (error) {
      await removeTemporary(directory)
      throw error
    }
  }

  get bootstrap(): string {
    return this.cluster.bootstrap
  }

  get pids(): readonly number[] {
    return this.cluster.pids
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.cluster[Symbol.asyncDispose]()
    await removeTemporary(this.directory)
  }
}
