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

const RECORDING = readFileSync(join(MONITORING, 'rules/recording.yml'), 'utf8')
const BOARD = readFileSync(join(MONITORING, 'grafana/boards/millrace.json'), 'utf8')

test('alerts watch what may go wrong', () => {
  const expressions = [...ALERTS.matchAll(/expr: (?:>-\n)?([\s\S]+?)\n +(?:for|labels):/g)].map(
    ([, text]) => text!,
  )
  for (const [what, metric] of Object.entries({
    lag: 'millrace:consumer_lag:seconds',
    freshness: 'millrace:aggregates_age:seconds',
    'share of errors': 'millrace:messages_rejected:share5m',
    'store away': 'millrace_store_away_seconds',
    'log away': 'millrace_log_away_seconds',
    'dropped events': 'millrace_events_dropped_total',
    'failed events': 'millrace_messages_failed_total',
    'lost messages': 'millrace_messages_lost_total',
    disk: 'millrace:data_disk_free:share',
  })) {
    assert.ok(
      expressions.some((text) => text.includes(metric)),
      `no alert watches ${what}`,
    )
  }
})

test('what is recorded is used by the board or an alert, and what they use is recorded', () => {
  const recorded = [...RECORDING.matchAll(/- record: (\S+)/g)].map(([, name]) => name!)
  const used = new Set(`${ALERTS}${BOARD}`.match(/\bmillrace:\w+:\w+/g))
  assert.ok(recorded.length > 0)
  assert.deepEqual([...used].sort(), recorded.sort())
})

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
