/** How bytes are shown when they may be anything. */
export interface Shown {
  /** `text` when the bytes are valid UTF-8, otherwise `hex`. */
  readonly as: 'text' | 'hex'
  /** Safe on a terminal: no control characters, nothing that changes the direction of the text. */
  readonly content: string
}

// Control characters, and the marks that turn text around, which could make a line look like another one.
const UNSAFE = /[\p{Cc}\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu

/** So many bytes are enough to show that many characters, and to see that there are more. */
export function bytesToShow(characters: number): number {
  return 4 * characters + 4
}

/** Bytes as something that is safe to show, at most `limit` characters of it. The bytes may end within a character. */
export function show(bytes: Buffer, limit = Number.POSITIVE_INFINITY): Shown {
  const text = decodeUtf8(bytes)
  if (text === undefined) return { as: 'hex', content: shorten(bytes.toString('hex'), limit) }
  return { as: 'text', content: shorten(showText(text), limit) }
}

/** Text out of a message, such as the detail of a rejection, as something that is safe to show. */
export function showText(text: string): string {
  return text.replace(UNSAFE, escaped)
}

function decodeUtf8(bytes: Buffer): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    return undefined
  }
}

function escaped(character: string): string {
  const short = JSON.stringify(character).slice(1, -1)
  return short === character ? `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}` : short
}

function shorten(text: string, limit: number): string {
  return text.length <= limit ? text : `${text.slice(0, Math.max(0, limit - 1))}…`
}
