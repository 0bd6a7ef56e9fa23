import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { test } from 'node:test'
import { pathToFileURL } from 'node:url'

const MODULE = pathToFileURL('src/process/collector.ts').href

/** How often the whole heap is collected while 2 GB of buffers come and go. */
function collections(before: string): number {
  const script = `
    import { constants, PerformanceObserver } from 'node:perf_hooks'
    import { setImmediate as turn } from 'node:timers/promises'
    ${before}
    let major = 0
    new PerformanceObserver((list) => {
      for (const { detail } of list.getEntries()) if (detail.kind === constants.NODE_PERFORMANCE_GC_MAJOR) major += 1
    }).observe({ entryTypes: ['gc'] })
    const heap = Array.from({ length: 500_000 }, (_, i) => ({ i }))
    for (let i = 0; i < 2_000; i++) {
      Buffer.allocUnsafeSlow(2 ** 20)
      await turn()
    }
    console.log(major + heap.length - 500_000)`
  const { status, stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
    encoding: 'utf8',
    timeout: 60_000,
  })
  assert.equal(status, 0, stderr)
  return Number(stdout)
}

test('buffers that come and go do not have the whole heap collected again and again', () => {
  const usual = collections('')
  const ours = collections(`import { countBuffersAsObjects } from '${MODULE}'\ncountBuffersAsObjects()`)
  assert.ok(usual >= 10, `it is what this is for: ${usual} collections`)
  assert.ok(ours <= usual / 2, `${ours} collections, ${usual} without`)
})
