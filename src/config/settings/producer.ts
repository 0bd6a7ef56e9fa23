import { duration, integer, number, oneOf, onOff, weights } from '../parsers.ts'
import { setting } from '../setting.ts'

/** The producer: what it generates and how it sends. */
export const producer = {
  generate: setting(
    'MILLRACE_GENERATE',
    onOff,
    true,
    'Whether the generator runs from the start; bursts can be asked for in either case.',
  ),
  seed: setting(
    'MILLRACE_SEED',
    integer(0, 2 ** 31 - 1),
    0,
    'Where everything random comes from; the same seed and settings give the same events. 0: another one each time, shown in /status.',
  ),
  mode: setting(
    'MILLRACE_MODE',
    oneOf('regular', 'peak', 'night'),
    'regular',
    'How many events are generated: 1 to 10 a second, the same with bursts of 100 to 1,000, or one every 10 s.',
  ),
  speed: setting(
    'MILLRACE_SPEED',
    number(0, 1_000_000),
    0,
    "Events a second, instead of the mode's rate; 0 leaves it to the mode.",
  ),
  bounces: setting(
    'MILLRACE_BOUNCES',
    number(0, 1),
    0.1,
    'The share of generated events that are bounces: views under 5 s.',
  ),
  invalid: setting(
    'MILLRACE_INVALID',
    number(0, 1),
    0.05,
    'The share of generated messages that are no page view.',
  ),
  repeats: setting(
    'MILLRACE_REPEATS',
    number(0, 1),
    0.01,
    'The share of sent messages that repeat an earlier key and payload.',
  ),
  partitioning: setting(
    'MILLRACE_PARTITIONING',
    weights('page', 'round-robin', 'random'),
    Object.freeze({ page: 70, 'round-robin': 20, random: 10 }),
    'How partitions are chosen, by weight.',
  ),
  strategies: setting(
    'MILLRACE_STRATEGIES',
    weights('sync', 'async', 'batch'),
    Object.freeze({ sync: 10, async: 30, batch: 60 }),
    'How events are sent, by weight: awaited one by one, many in flight, or gathered into batches.',
  ),
  sendBatchSize: setting(
    'MILLRACE_SEND_BATCH_SIZE',
    integer(1, 100_000),
    500,
    'Events of a batch of the strategy batch.',
  ),
  sendBatchInterval: setting(
    'MILLRACE_SEND_BATCH_INTERVAL',
    duration(1, 600_000),
    50,
    'How long a batch of the strategy batch waits for more events.',
  ),
  sendAttempts: setting(
    'MILLRACE_SEND_ATTEMPTS',
    integer(1, 100),
    5,
    'How often sending is tried, before an event is kept in the failed-events file.',
  ),
  sendBackoff: setting(
    'MILLRACE_SEND_BACKOFF',
    duration(1, 600_000),
    200,
    'The longest pause before the second attempt; it doubles with each one.',
  ),
  sendMaxBackoff: setting(
    'MILLRACE_SEND_MAX_BACKOFF',
    duration(1, 600_000),
    30_000,
    'The longest pause between two attempts.',
  ),
  bufferSize: setting(
    'MILLRACE_BUFFER_SIZE',
    integer(1, 10_000_000),
    10_000,
    'Events that may wait between generating and sending.',
  ),
  bufferFull: setting(
    'MILLRACE_BUFFER_FULL',
    oneOf('drop', 'block'),
    'drop',
    'What happens to generated events when the buffer is full: dropped and counted, or generated later.',
  ),
}
