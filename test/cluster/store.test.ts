/**
 * The tests of the store and of the roll-up, on two servers as shards: nothing that they ask may depend on there being one.
 */
process.env.MILLRACE_TEST_SHARDS = '2'

await import('../docs/store-queries.test.ts')
await import('../rollup/rollup.test.ts')
await import('../rollup/statements.test.ts')
await import('../store/aggregates.test.ts')
await import('../store/days.test.ts')
await import('../store/dead-letters.test.ts')
await import('../store/inserts.test.ts')
await import('../store/retention.test.ts')
