import type { Cluster } from './cluster.ts'

/** Where tables are to be: in a database of one server, or of a cluster. */
export interface Place {
  readonly database: string
  readonly cluster: Cluster | null
}

const PAGES = 'cityHash64(page_id)'
const BREAKDOWNS = 'cityHash64(dimension, value)'
const MESSAGES = 'cityHash64(topic, kafka_partition, kafka_offset)'
/** On the first shard, all of it: a block of several rows has to become visible at once, and few rows need no spreading. */
const FIRST_SHARD = '0'

/**
 * By what the rows of each table are spread over the shards of a cluster. Only columns of the sorting key decide, so that rows of one
 * key meet on one shard and merge there; and for raw the identity alone, so that every repeat and conflict of an event does.
 */
export const SHARDING: Readonly<Record<string, string>> = {
  page_views_raw: 'cityHash64(event_id)',
  processing_errors: MESSAGES,
  dead_letter_fixes: MESSAGES,
  dead_letter_replays: MESSAGES,
  log_gaps: FIRST_SHARD,
  page_views_slice: PAGES,
  page_views_agg_minute: PAGES,
  page_views_agg_hour: PAGES,
  page_views_agg_day: PAGES,
  page_views_breakdown_slice: BREAKDOWNS,
  page_views_breakdown_minute: BREAKDOWNS,
  page_views_breakdown_hour: BREAKDOWNS,
  page_views_breakdown_day: BREAKDOWNS,
  page_views_days: FIRST_SHARD,
  rollup_windows: FIRST_SHARD,
  retention_gaps: FIRST_SHARD,
  schema_migrations: FIRST_SHARD,
}

/** The table that holds rows: on a cluster those of one shard, under a name of its own. */
export function rowsTable(table: string, { cluster }: Place): string {
  return cluster === null ? table : `${table}_local`
}

/** What goes behind the name of a table in DDL: Keeper hands the statement to all servers. */
export function onCluster({ cluster }: Place): string {
  return cluster?.replicated ? ` ON CLUSTER '${cluster.name}'` : ''
}

const TABLE = /^CREATE TABLE IF NOT EXISTS (\w+)\s*(\([\s\S]*\))\s*ENGINE = (\w+)(?:\(([^)]*)\))?([\s\S]*)$/
const VIEW = /^(CREATE OR REPLACE VIEW|CREATE MATERIALIZED VIEW IF NOT EXISTS) (\w+)\b([\s\S]*)$/
const COLUMN = /^ALTER TABLE (\w+) (ADD COLUMN IF NOT EXISTS [\s\S]*)$/

/**
 * A statement of a migration, as it is run there. Migrations are written for one server, and on one server they are run as they are. On a
 * cluster a table becomes two: `…_local`, with the rows of one shard, and over all of them, under the name of the file, a Distributed
 * one. So every query and insert is the same in both cases.
 */
export function ddlFor(statement: string, place: Place): string[] {
  const { cluster, database } = place
  if (cluster === null) return [statement]
  const text = statement.replace(/^\s*(?:--.*\n\s*)*/, '')
  const on = onCluster(place)

  const [, view, viewName, select] = VIEW.exec(text) ?? []
  if (view !== undefined) return [`${view} ${viewName}${on}${select}`]

  const [, altered, column] = COLUMN.exec(text) ?? []
  if (altered !== undefined) {
    return [`${altered}_local`, altered].map((name) => `ALTER TABLE ${name}${on} ${column}`)
  }

  const [, table, columns, engine, parameters, rest] = TABLE.exec(text) ?? []
  if (table === undefined) throw new Error(`this statement is not known on a cluster: ${text.slice(0, 80)}`)
  // It keeps nothing, so there is nothing to spread: each server hands on what it is given.
  if (engine === 'Null') return [`CREATE TABLE IF NOT EXISTS ${table}${on}\n${columns}\nENGINE = Null`]
  const key = SHARDING[table]
  if (key === undefined) throw new Error(`nothing says where the rows of ${table} belong on a cluster`)
  return [
    `CREATE TABLE IF NOT EXISTS ${table}_local${on}\n${columns}\nENGINE = ${engineFor(engine!, parameters, cluster)}${rest}`,
    `CREATE TABLE IF NOT EXISTS ${table}${on} AS ${database}.${table}_local\nENGINE = Distributed('${cluster.name}', '${database}', '${table}_local', ${key})`,
  ]
}

/**
 * The path has the names in it and no UUID: a replica that is added later gets a UUID of its own, and has to find
 * the others.
 */
function engineFor(engine: string, parameters: string | undefined, { replicated }: Cluster): string {
  const own = parameters === undefined ? [] : [parameters]
  if (!replicated) return own.length === 0 ? engine : `${engine}(${own})`
  return `Replicated${engine}(${["'/clickhouse/tables/{shard}/{database}/{table}'", "'{replica}'", ...own].join(', ')})`
}

/** The names of what a statement of ddlFor() creates. */
export function createdBy(statement: string): string[] {
  return [
    ...statement.matchAll(
      /^CREATE (?:OR REPLACE )?(?:MATERIALIZED )?(?:TABLE|VIEW) (?:IF NOT EXISTS )?(\w+)/g,
    ),
  ].map(([, name]) => name!)
}
