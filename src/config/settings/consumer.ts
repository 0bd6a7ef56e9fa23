import { duration, integer, oneOf, pattern } from '../parsers.ts'
import { setting } from '../setting.ts'

/** The consumer: how it batches, and what it takes for an event. */
export const consumer = {
  consumerMode: setting(
    'MILLRACE_CONSUMER_MODE',
    oneOf('batch', 'time', 'hybrid'),
    'hybrid',
    'When a batch is written: after so many messages, after so long, or whichever comes first.',
  ),
  consumerBatchSize: setting(
    'MILLRACE_CONSUMER_BATCH_SIZE',
    integer(1, 1_000_000),
    500_000,
    'Messages of a batch in the modes batch and hybrid.',
  ),
  consumerBatchInterval: setting(
    'MILLRACE_CONSUMER_BATCH_INTERVAL',
    duration(10, 3_600_000),
    200,
    'How long a batch waits for more messages in the modes time and hybrid; in hybrid up to 2s, as long as aggregates are computed that it would be too late for.',
  ),
  producerUrl: setting(
    'MILLRACE_PRODUCER_URL',
    pattern(/^(https?:\/\/\S+)?$/, 'an http or https address'),
    '',
    'Where the dashboard finds the producer. Empty: on this machine, at MILLRACE_PRODUCER_PORT.',
  ),
  lateMargin: setting(
    'MILLRACE_LATE_MARGIN',
    duration(60_000, 12 * 3_600_000),
    3_600_000,
    'How long before its raw rows expire the hour of an event is closed: older events are rejected as too_late.',
  ),
  maxFuture: setting(
    'MILLRACE_MAX_FUTURE',
    duration(0, 86_400_000),
    300_000,
    'How far ahead an event may be, since clocks differ; events further ahead are rejected as in_future.',
  ),
}
