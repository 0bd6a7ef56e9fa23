import { bytes, duration, integer, oneOf, onOff, pattern, pemFile, text } from '../parsers.ts'
import { setting } from '../setting.ts'

/** The event log: a Kafka cluster, or the embedded log in the data directory. */
export const log = {
  kafkaBrokers: setting(
    'MILLRACE_KAFKA_BROKERS',
    text('addresses such as host1:9092,host2:9092'),
    '',
    'The Kafka brokers to use. Empty: the embedded log in the data directory.',
  ),
  kafkaTopic: setting(
    'MILLRACE_KAFKA_TOPIC',
    pattern(/^[a-zA-Z0-9._-]{1,249}$/, 'a topic name of letters, digits, dots, dashes and underscores'),
    'page-views',
    'The topic that page views travel through.',
  ),
  kafkaGroup: setting(
    'MILLRACE_KAFKA_GROUP',
    pattern(/^\S{1,249}$/, 'a group name'),
    'millrace',
    'The consumer group.',
  ),
  kafkaCreateTopic: setting(
    'MILLRACE_KAFKA_CREATE_TOPIC',
    onOff,
    true,
    'Whether to create the topic in Kafka when it is missing.',
  ),
  kafkaReplicas: setting(
    'MILLRACE_KAFKA_REPLICAS',
    integer(0, 100),
    0,
    'Copies of each partition of a newly created topic in Kafka. 0: as many as the brokers make by default.',
  ),
  kafkaClientId: setting(
    'MILLRACE_KAFKA_CLIENT_ID',
    pattern(/^\S{1,249}$/, 'a name without spaces'),
    'millrace',
    'What the logs and quotas of the brokers call this program.',
  ),
  kafkaCompression: setting(
    'MILLRACE_KAFKA_COMPRESSION',
    oneOf('none', 'gzip', 'snappy', 'lz4', 'zstd'),
    'zstd',
    'How messages are compressed on the way to Kafka and in it.',
  ),
  kafkaTransactions: setting(
    'MILLRACE_KAFKA_TRANSACTIONS',
    onOff,
    false,
    'Whether messages are sent to Kafka in transactions: each batch is read whole or not at all.',
  ),
  kafkaGroupProtocol: setting(
    'MILLRACE_KAFKA_GROUP_PROTOCOL',
    oneOf('auto', 'consumer', 'classic'),
    'auto',
    'How consumers share partitions: consumer is that of Kafka 4 (KIP-848), classic the older one. auto: the newer one where the brokers have it.',
  ),
  kafkaInstanceId: setting(
    'MILLRACE_KAFKA_INSTANCE_ID',
    pattern(/^\S{0,249}$/, 'a name without spaces'),
    '',
    'A name of this consumer that no other one of its group has. Its partitions then wait for it while it restarts, for as long as a session lasts (static membership). Empty: others get them at once.',
  ),
  kafkaSessionTimeout: setting(
    'MILLRACE_KAFKA_SESSION_TIMEOUT',
    duration(1_000, 1_800_000),
    45_000,
    'After how long without a sign of life another consumer gets the partitions. Of the classic protocol: with the newer one the brokers decide.',
  ),
  kafkaTls: setting('MILLRACE_KAFKA_TLS', onOff, false, 'Whether to speak TLS with Kafka.'),
  kafkaTlsCa: setting(
    'MILLRACE_KAFKA_TLS_CA',
    pemFile,
    '',
    'A file with the certificates of the authorities to trust. Empty: those that Node trusts.',
  ),
  kafkaTlsCert: setting(
    'MILLRACE_KAFKA_TLS_CERT',
    pemFile,
    '',
    'A file with the certificate of this client, where the brokers ask for one.',
  ),
  kafkaTlsKey: setting('MILLRACE_KAFKA_TLS_KEY', pemFile, '', 'A file with the key of that certificate.'),
  kafkaSaslMechanism: setting(
    'MILLRACE_KAFKA_SASL_MECHANISM',
    oneOf('none', 'PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512', 'OAUTHBEARER'),
    'none',
    'How to log in to Kafka.',
  ),
  kafkaSaslUsername: setting('MILLRACE_KAFKA_SASL_USERNAME', text('a user name'), '', 'The user in Kafka.'),
  kafkaSaslPassword: setting(
    'MILLRACE_KAFKA_SASL_PASSWORD',
    text(),
    '',
    'The password of that user; with OAUTHBEARER, the token.',
    { secret: true },
  ),
  logPartitions: setting(
    'MILLRACE_LOG_PARTITIONS',
    integer(1, 1_024),
    6,
    'Partitions of a newly created topic.',
  ),
  logRetention: setting(
    'MILLRACE_LOG_RETENTION',
    duration(60_000, 36_500 * 86_400_000),
    7 * 86_400_000,
    'How long the embedded log keeps records.',
  ),
  logRetentionBytes: setting(
    'MILLRACE_LOG_RETENTION_BYTES',
    bytes,
    10 * 2 ** 30,
    'How many bytes of records the embedded log keeps; the oldest go first.',
  ),
}
