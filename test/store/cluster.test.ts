import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Cluster, clusterSettings, shapeOf } from '../../src/store/cluster.ts'

const REPLICATED: Cluster = { name: 'web', replicated: true, serverUrls: [] }
const SHARDS: Cluster = { name: 'web', replicated: false, serverUrls: ['http://a:8123', 'http://b:8123'] }

test('what a server knows of a cluster has to be what the tables need', () => {
  const shard = { replicas: 2, internal: 1 }
  assert.deepEqual(shapeOf(REPLICATED, [shard, shard, shard]), { shards: 3, replicas: 2 })
  const one = { replicas: 1, internal: 0 }
  assert.deepEqual(shapeOf(SHARDS, [one, one]), { shards: 2, replicas: 1 })

  for (const [cluster, rows, message] of [
    [REPLICATED, [], /knows no cluster web/],
    [REPLICATED, [shard, { ...shard, replicas: 3 }], /same number of replicas/],
    [REPLICATED, [shard, { ...shard, internal: 0 }], /internal_replication/],
    [SHARDS, [one, shard], /REPLICATED is off, and shards of the cluster web have replicas/],
    [SHARDS, [one, one, one], /has 3 shards, MILLRACE_CLICKHOUSE_SHARD_URLS names 2/],
  ] as const) {
    assert.throws(() => shapeOf(cluster, rows), { code: 'store_refused', message })
  }
})

test('an acknowledged row is on every shard it belongs to, and on every replica', () => {
  const shards = clusterSettings(SHARDS, { shards: 2, replicas: 1 })
  assert.equal(shards.distributed_foreground_insert, 1)
  assert.equal(shards.parallel_distributed_insert_select, '0')
  assert.equal(shards.skip_unavailable_shards, 0)
  assert.equal('insert_quorum' in shards, false)

  const replicated = clusterSettings(REPLICATED, { shards: 2, replicas: 3 })
  assert.deepEqual({ ...replicated, ...shards }, replicated)
  assert.equal(replicated.insert_quorum, '3')
  assert.equal(replicated.insert_deduplicate, 0)
  assert.equal(replicated.load_balancing, 'in_order')
  assert.equal(replicated.prefer_localhost_replica, 0)
})
