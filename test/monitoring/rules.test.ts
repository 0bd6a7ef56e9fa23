import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { canRunPrometheus, MONITORING, ROOT } from './prometheus.ts'

const ALERTS = readFileSync(join(MONITORING, 'rules/alerts.yml'), 'utf8')
const CASES = readFileSync(join(import.meta.dirname, 'rules.yml'), 'utf8')

if (canRunPrometheus()) {
  for (const args of [
    ['check', 'config', join(MONITORING, 'prometheus.yml')],
    ['test', 'rules', join(import.meta.dirname, 'rules.yml')],
  ]) {
    test(`promtool ${args.slice(0, 2).join(' ')}`, () => {
      const { status, stdout, stderr } = spawnSync('promtool', args, { encoding: 'utf8' })
      assert.equal(status, 0, stdout + stderr)
    })
  }
}

test('every alert has a case in which it fires, and a section that says what to do', () => {
  const alerts = [...ALERTS.matchAll(/- alert: (\w+)/g)].map(([, name]) => name!)
  assert.ok(alerts.length > 0)
  for (const name of alerts) assert.match(CASES, new RegExp(`^ +alertname: ${name}$`, 'm'))
  const runbooks = [...ALERTS.matchAll(/runbook: (\S+?)#(\S+)$/gm)]
  assert.equal(runbooks.length, alerts.length)
  for (const [, page, anchor] of runbooks) {
    const headings = readFileSync(join(ROOT, page!), 'utf8').matchAll(/^#+ (.+)$/gm)
    const anchors = Array.from(headings, ([, title]) => title!.toLowerCase().replaceAll(' ', '-'))
    assert.ok(anchors.includes(anchor!), `${page}#${anchor}`)
  }
})
