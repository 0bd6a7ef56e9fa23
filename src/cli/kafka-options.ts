import type { Config } from '../config/config.ts'
import type { KafkaLogOptions } from '../log/kafka/options.ts'
import { pem } from './pem.ts'

/**
 * How to connect to Kafka, as the settings say.
 *
 * @throws MillraceError `file_unusable` for a certificate or key that cannot be read
 */
export function kafkaOptions(config: Config): KafkaLogOptions {
  return {
    brokers: config.kafkaBrokers.split(',').map((broker) => broker.trim()),
    topic: config.kafkaTopic,
    partitions: config.logPartitions,
    replicas: config.kafkaReplicas,
    createTopic: config.kafkaCreateTopic,
    clientId: config.kafkaClientId,
    compression: config.kafkaCompression,
    groupProtocol: config.kafkaGroupProtocol,
    sessionTimeoutMs: config.kafkaSessionTimeout,
    ...(config.kafkaTls
      ? {
          tls: {
            ...pem('ca', 'MILLRACE_KAFKA_TLS_CA', config.kafkaTlsCa),
            ...pem('cert', 'MILLRACE_KAFKA_TLS_CERT', config.kafkaTlsCert),
            ...pem('key', 'MILLRACE_KAFKA_TLS_KEY', config.kafkaTlsKey),
          },
        }
      : {}),
    ...(config.kafkaSaslMechanism === 'none'
      ? {}
      : {
          sasl: {
            mechanism: config.kafkaSaslMechanism,
            username: config.kafkaSaslUsername,
            password: config.kafkaSaslPassword,
          },
        }),
  }
}
