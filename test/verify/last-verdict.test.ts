import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import type { Logger } from '../../src/observe/logger.ts'
import { LastVerdict } from '../../src/verify/last-verdict.ts'
import type { Verdict } from '../../src/verify/verdict.ts'
import { temporaryDirectory } from '../helpers/program.ts'

const VERDICT: Verdict = {
  agrees: false,
  verdict: 'differs',
  began_at: '2026-11-23T05:12:44.120Z',
  took_ms: 812,
  range: { from: '2026-11-23T05:00:00.000Z', to: null },
  messages: 100,
  unique: 94,
  errors: 5,
  repeats: 1,
  conflicts: 0,
  differences_total: 1,
  differences: [{ check: 'minute', where: 'minute 05:12', expected: '7', found: '6' }],
  notes: [],
}

test('the last verdict is read by whoever has the data directory, and one that is broken is none', async (t) => {
  const warnings: string[] = []
  const logger = { warn: (text: string) => warnings.push(text) } as unknown as Logger
  const directory = join(await temporaryDirectory(t), 'new')
  const last = new LastVerdict(directory, logger)
  assert.equal(await last.read(), null)
  await last.keep(VERDICT)
  await last.keep({ ...VERDICT, began_at: '2026-11-23T06:00:00.000Z' })
  assert.deepEqual(await new LastVerdict(directory, logger).read(), {
    ...VERDICT,
    began_at: '2026-11-23T06:00:00.000Z',
  })
  for (const broken of ['', '{', '{"agrees":true}', '[]']) {
    await writeFile(join(directory, 'last-verify.json'), broken)
    assert.equal(await last.read(), null, broken)
  }
  assert.deepEqual(warnings, [])
  // A file where the directory should be.
  await new LastVerdict(join(directory, 'last-verify.json'), logger).keep(VERDICT)
  assert.match(warnings.join(), /could not be kept/)
})
