import { bytes, duration, integer, onOff, pattern, pemFile, port, text, urls } from '../parsers.ts'
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
  clickhouseTlsCa: setting(
    'MILLRACE_CLICKHOUSE_TLS_CA',
    pemFile,
    '',
    'For https: a file with the certificates of the authorities to trust. Empty: those that Node trusts.',
  ),
  clickhouseTlsCert: setting(
    'MILLRACE_CLICKHOUSE_TLS_CERT',
    pemFile,
    '',
    'For https: a file with the certificate of this client, where the server asks for one.',
  ),
  clickhouseTlsKey: setting(
    'MILLRACE_CLICKHOUSE_TLS_KEY',
    pemFile,
    '',
    'A file with the key of that certificate.',
  ),
  clickhouseCompression: setting(
    'MILLRACE_CLICKHOUSE_COMPRESSION',
    onOff,
    false,
    'Whether requests to the ClickHouse server and its answers are compressed (Zstandard): fewer bytes on a slow network, more work.',
  ),
  clickhouseTimeout: setting(
    'MILLRACE_CLICKHOUSE_TIMEOUT',
    duration(1_000, 3_600_000),
    60_000,
    'How long a request to ClickHouse may take. One that takes longer has failed and is made again.',
  ),
  clickhouseCluster: setting(
    'MILLRACE_CLICKHOUSE_CLUSTER',
    pattern(/^([A-Za-z_][A-Za-z0-9_]{0,63})?$/, 'a name of letters, digits and underscores'),
    '',
    'The cluster, by its name in remote_servers, that the tables are spread over; the server of MILLRACE_CLICKHOUSE_URL is one of it. Empty: one server.',
  ),
  clickhouseReplicated: setting(
    'MILLRACE_CLICKHOUSE_REPLICATED',
    onOff,
    true,
    'Whether the tables of a cluster are replicated, which needs Keeper and the macros shard and replica. off: each shard is one server.',
  ),
  clickhouseShardUrls: setting(
    'MILLRACE_CLICKHOUSE_SHARD_URLS',
    urls,
    [],
    'With MILLRACE_CLICKHOUSE_REPLICATED=off: the http or https address of each shard, separated by commas. Tables are created and altered there.',
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
