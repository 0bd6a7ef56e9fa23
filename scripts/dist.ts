import { spawnSync } from 'node:child_process'
import { cpSync, rmSync } from 'node:fs'
import { extname, resolve } from 'node:path'

/**
 * Makes `dist` for the package, and with `--remove` takes it away again: src as JavaScript, since Node reads no TypeScript below
 * node_modules. In a checkout nothing uses it.
 */
const root = resolve(import.meta.dirname, '..')
const dist = resolve(root, 'dist')
rmSync(dist, { recursive: true, force: true })
if (!process.argv.includes('--remove')) {
  cpSync(resolve(root, 'src'), dist, {
    recursive: true,
    filter: (path) => !['.ts', '.json'].includes(extname(path)),
  })
  const tsc = resolve(root, 'node_modules/.bin/tsc')
  const { status } = spawnSync(tsc, ['-p', 'tsconfig.package.json'], { cwd: root, stdio: 'inherit' })
  process.exitCode = status ?? 1
}
