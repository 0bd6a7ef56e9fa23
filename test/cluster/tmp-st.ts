process.env.MILLRACE_TEST_SHARDS = '3'
await import('../rollup/statements.test.ts')
