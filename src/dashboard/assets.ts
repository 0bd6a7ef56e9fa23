import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { extname, join } from 'node:path'
import { brotliCompressSync, constants, gzipSync } from 'node:zlib'

const PAGE = join(import.meta.dirname, 'page')

const CONTENT_TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
}

export type Encoding = 'br' | 'gzip' | 'identity'

/** A file of the page, ready to be sent. */
export interface Asset {
  /** `index.html`, `main.js` … */
  readonly name: string
  readonly contentType: string
  readonly etag: string
  readonly bodies: Readonly<Record<Encoding, Buffer>>
}

/** In this order; they are sent as one, since the page is not painted before the last one has come. */
const STYLES = [
  'base.css',
  'layout.css',
  'state.css',
  'chart.css',
  'tables.css',
  'controls.css',
  'rejected.css',
  'dialog.css',
  'pipeline.css',
]

/** Reads the page and the chart library, and compresses them once. */
export function loadAssets(): Asset[] {
  const library = chartLibrary()
  const names = readdirSync(PAGE).filter((name) => extname(name) in CONTENT_TYPES)
  const scripts = names.filter((name) => extname(name) === '.js')
  const read = (name: string) => readFileSync(join(PAGE, name))
  // Told in advance, for scripts would be asked for one after the other, as each names the next.
  const preloads = ['uplot.js', ...scripts].map((name) => `<link rel="modulepreload" href="/assets/${name}">`)
  const html = read('index.html').toString().replace('<!-- scripts -->', preloads.join(''))
  return [
    assetOf('index.html', Buffer.from(html)),
    assetOf('style.css', Buffer.concat([library.style, ...STYLES.map(read)])),
    assetOf('uplot.js', library.script),
    ...[...scripts, 'icon.svg'].map((name) => assetOf(name, read(name))),
  ]
}

/** The encoding to answer with, by the request's Accept-Encoding. */
export function encodingFor(accepted: string | undefined): Encoding {
  const refused = /;\s*q=0(\.0*)?$/
  const names = (accepted ?? '')
    .split(',')
    .map((each) => each.trim().toLowerCase())
    .filter((each) => !refused.test(each))
    .map((each) => each.split(';')[0]!.trim())
  return (['br', 'gzip'] as const).find((name) => names.includes(name)) ?? 'identity'
}

/** uPlot, as a module: its small build only sets a variable. */
function chartLibrary(): { script: Buffer; style: Buffer } {
  const require = createRequire(import.meta.url)
  const script = readFileSync(require.resolve('uplot/dist/uPlot.iife.min.js'), 'utf8')
  const style = readFileSync(require.resolve('uplot/dist/uPlot.min.css'))
  return { script: Buffer.from(`${script}\nexport default uPlot\n`), style }
}

function assetOf(name: string, body: Buffer): Asset {
  return {
    name,
    contentType: CONTENT_TYPES[extname(name)]!,
    // Weak, since it is the same for each encoding.
    etag: `W/"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"`,
    bodies: {
      br: brotliCompressSync(body, { params: { [constants.BROTLI_PARAM_QUALITY]: 9 } }),
      gzip: gzipSync(body, { level: 9 }),
      identity: body,
    },
  }
}
