import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { System } from '../helpers/system.ts'
import { eventually } from '../helpers/wait.ts'
import { canRunPrometheus, MONITORING, Prometheus } from './prometheus.ts'

interface Panel {
  readonly title: string
  readonly type: string
  readonly targets?: readonly { readonly expr: string }[]
}

const { panels } = JSON.parse(readFileSync(join(MONITORING, 'grafana/boards/millrace.json'), 'utf8')) as {
  panels: readonly Panel[]
}
const QUERIES = panels.flatMap(({ title, targets = [] }) => targets.map(({ expr }) => ({ title, expr })))
const RULES = ['recording', 'alerts']
  .map((name) => readFileSync(join(MONITORING, `rules/${name}.yml`), 'utf8'))
  .join('\n')

test('every panel of the board asks something, by way of the data source that is provisioned', () => {
  const source = readFileSync(join(MONITORING, 'grafana/datasources/prometheus.yml'), 'utf8')
  const uids = JSON.stringify(panels).matchAll(/"datasource":\{"type":"prometheus","uid":"([^"]+)"\}/g)
  for (const [, uid] of uids) assert.ok(source.includes(`uid: ${uid}`))
  for (const { type, title, targets } of panels) {
    assert.equal(type === 'row', targets === undefined, title)
  }
})

test('on the running services no query of the board is empty, and every metric of the rules is there', {
  skip: !canRunPrometheus(),
}, async (t) => {
  const system = await System.create(t, { MILLRACE_SPEED: '300' })
  await system.up()
  const prometheus = await Prometheus.start(t, {
    'localhost:8080': system.producerUrl.slice('http://'.length),
    'localhost:8081': system.consumerUrl.slice('http://'.length),
  })
  for (const { title, expr } of QUERIES) {
    await eventually(`${title}: ${expr}`, async () => {
      const samples = await prometheus.query(expr)
      return samples.some(({ value: [, value] }) => Number.isFinite(Number(value)))
    })
  }
  const names = new Set(Array.from(RULES.matchAll(/\bmillrace_\w+/g), ([name]) => name))
  for (const name of names) {
    assert.notEqual((await prometheus.query(`count(${name})`)).length, 0, `${name} is not at /metrics`)
  }
  const { groups } = await prometheus.ask('rules')
  for (const rule of groups.flatMap(({ rules }: { rules: unknown[] }) => rules)) {
    assert.equal(rule.health, 'ok', `${rule.name}: ${rule.lastError}`)
  }
})
