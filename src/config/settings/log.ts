import { bytes, duration, integer, pattern, text } from '../parsers.ts'
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
  logPartitions: setting(
    'MILLRACE_LOG_PARTITIONS',
    integer(1, 1_024),
    6,
    'Partitions of a newly created embedded log.',
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
