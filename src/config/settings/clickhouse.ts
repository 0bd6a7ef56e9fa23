import { bytes, integer, pattern, port, text } from '../parsers.ts'
import { setting } from '../setting.ts'

/** The store: a ClickHouse server of the user's, or the local one. */
export const clickhouse = {
  clickhouseUrl: setting(
    'MILLRACE_CLICKHOUSE_URL',
    // One with credentials would show them wherever the address is shown: in /status, in logs.
    pattern(
      /^(https?:\/\/[^\s@]+)?$/,
      'an http or https address; user and password have settings of their own',
    ),
    '',
    'The ClickHouse server to use. Empty: Millrace starts a local one in the data directory.',
  ),
  clickhouseUser: setting(
    'MILLRACE_CLICKHOUSE_USER',
    text('a user name'),
    'millrace',
    'The user of the program.',
  ),
  clickhousePassword: setting(
    'MILLRACE_CLICKHOUSE_PASSWORD',
    text(),
    '',
    'The password of that user. Empty with the local server: generated, and kept in the data directory.',
    { secret: true },
  ),
  clickhouseDatabase: setting(
    'MILLRACE_CLICKHOUSE_DATABASE',
    pattern(/^[A-Za-z_][A-Za-z0-9_]{0,63}$/, 'a name of letters, digits and underscores'),
    'millrace',
    'The database that holds the tables.',
  ),
  clickhousePort: setting(
    'MILLRACE_CLICKHOUSE_PORT',
    port,
    8123,
    'The HTTP port of the local server; another one when it is taken.',
  ),
  clickhouseNativePort: setting(
    'MILLRACE_CLICKHOUSE_NATIVE_PORT',
    port,
    0,
    'The native port of the local server, 9000 by custom; another one when it is taken. 0: it does not listen, since whoever reaches it can read files and end the server.',
  ),
  clickhouseMemory: setting(
    'MILLRACE_CLICKHOUSE_MEMORY',
    bytes,
    2 ** 31,
    'How much memory the local server may use.',
  ),
  rawTtlDays: setting(
    'MILLRACE_RAW_TTL_DAYS',
    integer(0, 36_500),
    30,
    'Days that raw rows are kept; 0 keeps them for ever.',
  ),
  minuteTtlDays: setting(
    'MILLRACE_MINUTE_TTL_DAYS',
    integer(0, 36_500),
    7,
    'Days that minute aggregates are kept; 0 keeps them for ever. Hour aggregates are always kept.',
  ),
}
