import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Cluster } from '../../src/store/cluster.ts'
import { createdBy, ddlFor, type Place, rowsTable, SHARDING } from '../../src/store/ddl.ts'
import { readMigrations } from '../../src/store/migrate.ts'

/** What cannot run where there is no Keeper is held to the letter here. */
const ONE_SERVER: Place = { database: 'millrace', cluster: null }
const SHARDS = placeOn({ name: 'web', replicated: false, serverUrls: ['http://a:8123', 'http://b:8123'] })
const REPLICATED = placeOn({ name: 'web', replicated: true, serverUrls: [] })

function placeOn(cluster: Cluster): Place {
  return { database: 'millrace', cluster }
}

const files = await readMigrations()
const statements = files.flatMap((file) => file.statements)

/** What the file says behind its comment. */
function bare(statement: string): string {
  return statement.replace(/^\s*(?:--.*\n\s*)*/, '')
}

for (const { name, statements } of files) {
  test(`${name} on one server is run as it is written`, () => {
    for (const statement of statements) assert.deepEqual(ddlFor(statement, ONE_SERVER), [statement])
  })

  for (const [place, on] of [
    [SHARDS, ''],
    [REPLICATED, " ON CLUSTER 'web'"],
  ] as const) {
    test(`${name} on a cluster${on}`, () => {
      for (const statement of statements) {
        const text = bare(statement)
        const ddl = ddlFor(statement, place)
        const [, table] = /^CREATE TABLE IF NOT EXISTS (\w+)/.exec(text) ?? []
        const [, view] = /^CREATE (?:OR REPLACE VIEW|MATERIALIZED VIEW IF NOT EXISTS) (\w+)/.exec(text) ?? []
        const [, altered, change] = /^ALTER TABLE (\w+) (.*)$/s.exec(text) ?? []
        if (altered !== undefined) {
          assert.deepEqual(ddl, [
            `ALTER TABLE ${altered}_local${on} ${change}`,
            `ALTER TABLE ${altered}${on} ${change}`,
          ])
        } else if (view !== undefined) {
          assert.deepEqual(ddl, [text.replace(view, `${view}${on}`)])
        } else if (text.endsWith('ENGINE = Null')) {
          assert.deepEqual(ddl, [text.replace(table!, `${table}${on}`)])
        } else {
          const [rows, distributed, ...others] = ddl
          assert.deepEqual(others, [])
          assert.equal(
            rows,
            engineOf(text.replace(table!, `${table}_local${on}`), place.cluster!),
            'the columns, the key and the TTL are those of the file',
          )
          assert.equal(
            distributed,
            `CREATE TABLE IF NOT EXISTS ${table}${on} AS millrace.${table}_local\nENGINE = Distributed('web', 'millrace', '${table}_local', ${SHARDING[table!]})`,
          )
        }
      }
    })
  }
}

/** The engines that the files name, each written out as it has to be on replicas. */
function engineOf(text: string, { replicated }: Cluster): string {
  const lines: Record<string, string> = {
    'ENGINE = ReplacingMergeTree\n': 'ENGINE = ReplicatedReplacingMergeTree(PATH)\n',
    'ENGINE = ReplacingMergeTree(version)\n': 'ENGINE = ReplicatedReplacingMergeTree(PATH, version)\n',
    'ENGINE = ReplacingMergeTree(fixed_at)\n': 'ENGINE = ReplicatedReplacingMergeTree(PATH, fixed_at)\n',
    'ENGINE = ReplacingMergeTree(found_at)\n': 'ENGINE = ReplicatedReplacingMergeTree(PATH, found_at)\n',
    'ENGINE = ReplacingMergeTree(built_at)\n': 'ENGINE = ReplicatedReplacingMergeTree(PATH, built_at)\n',
    'ENGINE = AggregatingMergeTree\n': 'ENGINE = ReplicatedAggregatingMergeTree(PATH)\n',
  }
  const [line] = /^ENGINE = .*\n/m.exec(text) ?? []
  const wanted = lines[line!]
  assert.ok(wanted, `an engine that this test does not know: ${line}`)
  if (!replicated) return text
  return text.replace(
    line!,
    wanted.replace('PATH', "'/clickhouse/tables/{shard}/{database}/{table}', '{replica}'"),
  )
}

test('one table whole, so that a person can read what a cluster gets', () => {
  const statement = statements.find((one) => one.includes('EXISTS dead_letter_fixes'))!
  assert.deepEqual(ddlFor(statement, REPLICATED), [
    `CREATE TABLE IF NOT EXISTS dead_letter_fixes_local ON CLUSTER 'web'
(
    topic           LowCardinality(String),
    kafka_partition UInt32,
    kafka_offset    UInt64,
    fixed_message   String,
    fixed_at        DateTime64(6, 'UTC') DEFAULT now64(6)
)
ENGINE = ReplicatedReplacingMergeTree('/clickhouse/tables/{shard}/{database}/{table}', '{replica}', fixed_at)
ORDER BY (topic, kafka_partition, kafka_offset)`,
    `CREATE TABLE IF NOT EXISTS dead_letter_fixes ON CLUSTER 'web' AS millrace.dead_letter_fixes_local
ENGINE = Distributed('web', 'millrace', 'dead_letter_fixes_local', cityHash64(topic, kafka_partition, kafka_offset))`,
  ])
})

test('rows are spread by columns of their sorting key alone, so that equal ones meet', () => {
  for (const statement of statements) {
    const [, table] = /CREATE TABLE IF NOT EXISTS (\w+)/.exec(statement) ?? []
    const [, order] = /ORDER BY \(?([^)\n]*)\)?/.exec(statement) ?? []
    if (table === undefined || order === undefined) continue
    const by = /\((.*)\)/.exec(SHARDING[table]!)?.[1]?.split(', ') ?? []
    const key = order.split(', ')
    for (const column of by) assert.ok(key.includes(column), `${table}: ${column}`)
  }
})

test('a statement that nobody has thought about is refused, not run on one server of many', () => {
  assert.throws(
    () => ddlFor('ALTER TABLE page_views_raw DROP COLUMN region', SHARDS),
    /not known on a cluster/,
  )
  assert.throws(
    () => ddlFor('CREATE TABLE IF NOT EXISTS other\n(a String)\nENGINE = MergeTree\nORDER BY a', SHARDS),
    /where the rows of other belong/,
  )
})

test('names', () => {
  assert.equal(rowsTable('page_views_raw', ONE_SERVER), 'page_views_raw')
  assert.equal(rowsTable('page_views_raw', REPLICATED), 'page_views_raw_local')
  const created = statements.flatMap((one) => ddlFor(one, REPLICATED).flatMap(createdBy))
  const plain = statements.flatMap((one) => ddlFor(one, ONE_SERVER).map(bare).flatMap(createdBy))
  // A view may be made again, with another query.
  const once = statements.filter((one) => !one.includes('OR REPLACE VIEW'))
  const tables = once.flatMap((one) => ddlFor(one, REPLICATED).flatMap(createdBy))
  assert.ok(tables.length > 20)
  assert.equal(new Set(tables).size, tables.length)
  assert.deepEqual(
    created.filter((name) => !name.endsWith('_local')),
    plain,
  )
})
