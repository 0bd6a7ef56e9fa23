/**
 * The tests of the store and of the roll-up that ask for numbers, on three servers as shards: nothing that they ask may depend on
 * there being one.
 */
process.env.MILLRACE_TEST_SHARDS = '3'

await import('../rollup/rollup.test.ts')
