import type { LogLine } from './log-line.ts'

/** What a request is: a page view, or why it is none. */
export type Kind = 'page view' | 'other method' | 'other status' | 'asset'

/** What browsers load besides pages, and what is downloaded. */
export const ASSET_EXTENSIONS: readonly string[] = Object.freeze(
  (
    '.css .js .mjs .map .png .jpg .jpeg .gif .xbm .ico .svg .webp .bmp .woff .woff2 .ttf .eot .otf ' +
    '.mp3 .mp4 .mpg .mpeg .mov .avi .wav .zip .gz .tgz .tar .bz2 .rar .exe .pdf .xml .rss .json .txt'
  ).split(' '),
)

const ASSETS = new Set(ASSET_EXTENSIONS)

/** A page view is a GET with status 200 or 304, of something that has no asset's extension. */
export function kindOf(line: LogLine): Kind {
  if (line.method !== 'GET') return 'other method'
  if (line.status !== 200 && line.status !== 304) return 'other status'
  return isAsset(pageOf(line.target)) ? 'asset' : 'page view'
}

/** The page that was asked for: the target up to the first question mark, as it stands in the line. */
export function pageOf(target: string): string {
  const query = target.indexOf('?')
  return query < 0 ? target : target.slice(0, query)
}

function isAsset(page: string): boolean {
  const segment = page.slice(page.lastIndexOf('/') + 1)
  const dot = segment.lastIndexOf('.')
  return dot >= 0 && ASSETS.has(segment.slice(dot).toLowerCase())
}
