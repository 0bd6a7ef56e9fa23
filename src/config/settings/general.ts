import { directory, duration, oneOf, onOff, pattern, port, text } from '../parsers.ts'
import { setting } from '../setting.ts'

/** Where things are kept, what listens where, and what is logged. */
export const general = {
  dataDir: setting('MILLRACE_DATA_DIR', directory, './data', 'Where everything durable is kept.'),
  host: setting(
    'MILLRACE_HOST',
    pattern(/^[\w.:-]+$/, 'an address or host name'),
    '127.0.0.1',
    'The address that the services listen on. Any other than a loopback address needs an API token.',
  ),
  producerPort: setting(
    'MILLRACE_PRODUCER_PORT',
    port,
    8080,
    'The port of the producer; 0 takes a free one.',
  ),
  consumerPort: setting(
    'MILLRACE_CONSUMER_PORT',
    port,
    8081,
    'The port of the consumer and its query API; 0 takes a free one.',
  ),
  apiToken: setting(
    'MILLRACE_API_TOKEN',
    text('any text'),
    '',
    'When set, requests need it as a bearer token (except /health).',
    { secret: true },
  ),
  insecure: setting(
    'MILLRACE_INSECURE',
    onOff,
    false,
    'Listen on other than loopback addresses without a token. Anyone who reaches the port is in control then.',
  ),
  logLevel: setting(
    'MILLRACE_LOG_LEVEL',
    oneOf('trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'),
    'info',
    'The least important log lines to write.',
  ),
  logFormat: setting(
    'MILLRACE_LOG_FORMAT',
    oneOf('auto', 'json', 'pretty'),
    'auto',
    'How log lines are written; auto is pretty on a terminal and JSON elsewhere.',
  ),
  statsInterval: setting(
    'MILLRACE_STATS_INTERVAL',
    duration(1_000, 86_400_000),
    10_000,
    'How often each service writes its statistics to the log.',
  ),
}
