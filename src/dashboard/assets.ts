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

/** Reads the page and the chart library, and compresses them once. */
export function loadAssets(): Asset[] {
  const own = readdirSync(PAGE)
    .filter((name) => extname(name) in CONTENT_TYPES)
    .map((name) => assetOf(name, readFileSync(join(PAGE, name))))
  return [...own, ...chartLibrary()]
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
function chartLibrary(): Asset[] {
  const require = createRequire(import.meta.url)
  const script = readFileSync(require.resolve('uplot/dist/uPlot.iife.min.js'), 'utf8')
  const style = readFileSync(require.resolve('uplot/dist/uPlot.min.css'))
  return [assetOf('uplot.js', Buffer.from(`${script}\nexport default uPlot\n`)), assetOf('uplot.css', style)]
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
