import { createHash } from 'node:crypto'

/** The user for people and dashboards: it needs no password and may only read. */
export const READER = 'reader'

export interface ServerConfig {
  /** The user of the program. */
  readonly user: string
  readonly password: string
  readonly database: string
  readonly memoryBytes: number
  /** The loopback addresses to listen on. */
  readonly hosts: readonly string[]
  readonly usersFile: string
  /** The clusters that the server knows; none by default. */
  readonly clusters?: readonly ServerCluster[] | undefined
}

/** Servers on this machine that are the shards of a cluster, each reached by its native port as the program's user. */
export interface ServerCluster {
  readonly name: string
  readonly nativePorts: readonly number[]
}

const MIB = 2 ** 20

/**
 * So many parts of about one size are merged at once, where ClickHouse would take five. A row is written again less often, which saves a tenth of
 * what a drained backlog costs in all (docs/decisions/0015-backlog.md); there are some more parts to read.
 */
const PARTS_TO_MERGE = 8

/**
 * The settings of the server.
 *
 * Pools and caches are small: the server shares one machine with the program, and each thread and cache costs memory
 * at rest. Ports are given on the command line, so that two processes which start at once write the same files.
 */
export function serverXml(config: ServerConfig): string {
  const listen = config.hosts.map((host) => `  <listen_host>${host}</listen_host>`).join('\n')
  return `<clickhouse>
${listen}
  <users_config>${escapeXml(config.usersFile)}</users_config>
  <timezone>UTC</timezone>

  <max_server_memory_usage>${config.memoryBytes}</max_server_memory_usage>
  <keep_alive_timeout>3</keep_alive_timeout>
  <max_connections>256</max_connections>
  <max_concurrent_queries>64</max_concurrent_queries>
  <max_thread_pool_size>500</max_thread_pool_size>
  <max_thread_pool_free_size>8</max_thread_pool_free_size>
  <background_pool_size>2</background_pool_size>
  <background_merges_mutations_concurrency_ratio>2</background_merges_mutations_concurrency_ratio>
  <background_common_pool_size>2</background_common_pool_size>
  <background_move_pool_size>1</background_move_pool_size>
  <background_fetches_pool_size>1</background_fetches_pool_size>
  <background_schedule_pool_size>16</background_schedule_pool_size>
  <merge_tree><merge_selector_base>${PARTS_TO_MERGE}</merge_selector_base></merge_tree>
  <mark_cache_size>${64 * MIB}</mark_cache_size>
  <primary_index_cache_size>${32 * MIB}</primary_index_cache_size>
  <index_mark_cache_size>${8 * MIB}</index_mark_cache_size>
  <uncompressed_cache_size>0</uncompressed_cache_size>
  <index_uncompressed_cache_size>0</index_uncompressed_cache_size>
  <mmap_cache_size>0</mmap_cache_size>
  <compiled_expression_cache_size>${8 * MIB}</compiled_expression_cache_size>

  <http_handlers>
${httpRules(config).join('\n')}
  </http_handlers>${clustersXml(config)}
</clickhouse>
`
}

function clustersXml({ clusters = [], user, password }: ServerConfig): string {
  if (clusters.length === 0) return ''
  const shard = (port: number): string =>
    `<shard><replica><host>127.0.0.1</host><port>${port}</port><user>${user}</user><password>${escapeXml(password)}</password></replica></shard>`
  const xml = clusters.map(
    ({ name, nativePorts }) => `    <${name}>${nativePorts.map(shard).join('')}</${name}>\n`,
  )
  return `\n  <remote_servers>\n${xml.join('')}  </remote_servers>`
}

/**
 * Who a request is. One without credentials is the reader. One with credentials is whom it says when the password is
 * right; with HTTP's own it can be the program's user only, and is held here to the letter, since next to that header
 * ClickHouse takes `user=default` from the address too. `default` has no password: it belongs to the session inside the
 * server process, so nothing may lead to it.
 */
function httpRules({ user, password }: ServerConfig): string[] {
  const query = '<type>dynamic_query_handler</type><query_param_name>query</query_param_name>'
  const refuse =
    '<type>static</type><status>403</status><content_type>text/plain; charset=UTF-8</content_type>' +
    `<response_content>Code: 516. DB::Exception: Wrong credentials: give those of the user ${user}, or none to read. (AUTHENTICATION_FAILED)</response_content>`
  const rule = (header: string, handler: string): string =>
    `    <rule>${header && `<headers>${header}</headers>`}<handler>${handler}</handler></rule>`
  const credentials = Buffer.from(`${user}:${password}`).toString('base64')
  return [
    rule(`<Authorization>Basic ${credentials}</Authorization>`, query),
    rule('<Authorization>regex:.+</Authorization>', refuse),
    rule(`<X-ClickHouse-User>${user}</X-ClickHouse-User>`, query),
    rule(`<X-ClickHouse-User>${READER}</X-ClickHouse-User>`, query),
    rule('<X-ClickHouse-User>regex:.+</X-ClickHouse-User>', refuse),
    rule('', `${query}<user>${READER}</user>`),
  ]
}

/** What the reader may look at besides the product's tables: what clients and dashboards ask for. */
const SYSTEM_TABLES = [
  ...['tables', 'columns', 'databases', 'parts', 'parts_columns', 'merges', 'mutations', 'metrics', 'events'],
  ...['asynchronous_metrics', 'errors', 'disks', 'settings', 'functions', 'table_functions', 'formats'],
  ...['data_type_families', 'table_engines', 'build_options', 'one', 'numbers', 'dictionaries'],
]

/**
 * The users of the server.
 *
 * The session inside the server process is always `default` without a password, so `default` gets the grants of its
 * start queries and nothing more. Reading standard input needs the right to read files. HTTP refuses `default`; the native
 * port can't, which is why that port does not listen unless it is asked for.
 */
export function usersXml(config: ServerConfig): string {
  const readerMemory = Math.floor(config.memoryBytes / 4)
  const limited = (name: string, max: number): string => `<${name}><min>1</min><max>${max}</max></${name}>`
  return `<clickhouse>
  <profiles>
    <default>
      <log_queries>0</log_queries>
    </default>
    <inside>
      <max_memory_usage>${64 * MIB}</max_memory_usage>
      <max_memory_usage_for_user>${64 * MIB}</max_memory_usage_for_user>
    </inside>
    <reader>
      <readonly>2</readonly>
      <max_execution_time>60</max_execution_time>
      <max_memory_usage>${readerMemory}</max_memory_usage>
      <max_memory_usage_for_user>${readerMemory}</max_memory_usage_for_user>
      <max_concurrent_queries_for_user>16</max_concurrent_queries_for_user>
      <constraints>
        ${limited('max_execution_time', 60)}
        ${limited('max_memory_usage', readerMemory)}
        ${limited('max_memory_usage_for_user', readerMemory)}
        ${limited('max_concurrent_queries_for_user', 16)}
      </constraints>
    </reader>
  </profiles>
  <quotas><default/></quotas>
  <users>
    <default>
      <password></password>
      ${LOOPBACK}
      <profile>inside</profile><quota>default</quota>
      ${grants(`CREATE DATABASE ON ${config.database}.*`, 'TABLE ENGINE ON Atomic', 'SYSTEM LISTEN ON *.*', 'READ ON FILE', 'CREATE TEMPORARY TABLE ON *.*')}
    </default>
    <${config.user}>
      <password_sha256_hex>${createHash('sha256').update(config.password).digest('hex')}</password_sha256_hex>
      ${LOOPBACK}
      <profile>default</profile><quota>default</quota>
      <default_database>${config.database}</default_database>
      ${grants('ALL ON *.*')}
    </${config.user}>
    <${READER}>
      <no_password/>
      ${LOOPBACK}
      <profile>reader</profile><quota>default</quota>
      <default_database>${config.database}</default_database>
      ${grants(`SELECT ON ${config.database}.*`, ...SYSTEM_TABLES.map((table) => `SELECT ON system.${table}`))}
    </${READER}>
  </users>
</clickhouse>
`
}

const LOOPBACK = '<networks><ip>127.0.0.1</ip><ip>::1</ip></networks>'

function grants(...rights: string[]): string {
  return `<grants>${rights.map((right) => `<query>GRANT ${right}</query>`).join('')}</grants>`
}

function escapeXml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}
