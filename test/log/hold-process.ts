import { writeSync } from 'node:fs'
import { join } from 'node:path'
import { openEnvironment, openTable, transact } from '../../src/log/lmdb/environment.ts'
import { Gate } from '../../src/log/lmdb/gate.ts'

/** Holds the gate of the environment at this path for a while, or a transaction; says when it begins and when it ends. */
const [, , path = '', what = '', holdMs = ''] = process.argv

function hold(): void {
  writeSync(1, 'held\n')
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, Number(holdMs))
  writeSync(1, `released ${Date.now()}\n`)
}

if (what === 'gate') new Gate(join(path, 'gate')).hold(hold)
else {
  const environment = openEnvironment(path)
  const table = openTable(environment, 'test')
  transact(environment, () => {
    hold()
    table.putSync(Buffer.from('key'), Buffer.from('value'))
  })
}
