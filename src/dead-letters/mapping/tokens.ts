import { MillraceError } from '../../errors.ts'
import { quote } from '../../event/quote.ts'

export interface Token {
  readonly kind: 'name' | 'number' | 'text' | 'sign' | 'end'
  /** A name, a sign, or a text or number as JSON would read it. */
  readonly text: string
  /** Where it begins, counted from 1. */
  readonly at: number
}

/** Names, numbers, texts in either quotes, and signs; the longer signs first. */
const TOKEN =
  /\s+|(?<name>[A-Za-z_][A-Za-z0-9_]*)|(?<number>\d+(?:\.\d+)?)|(?<text>"(?:[^"\\]|\\.)*"|'[^']*')|(?<sign>\?\?|==|!=|<=|>=|[-+*/=<>?:().,;])/gy

/** Mappings are short; a longer one is a mistake, and a deep one could use up the stack. */
const LONGEST = 4_000

/** @throws MillraceError `invalid_setting` */
export function tokensOf(source: string): Token[] {
  if (source.length > LONGEST) throw mappingError(1, `it is longer than ${LONGEST} characters`)
  const tokens: Token[] = []
  TOKEN.lastIndex = 0
  while (TOKEN.lastIndex < source.length) {
    const at = TOKEN.lastIndex + 1
    const groups = TOKEN.exec(source)?.groups
    if (groups === undefined)
      throw mappingError(at, `${quote(source.slice(at - 1, at + 9))} is not understood`)
    const { name, number, text, sign } = groups
    if (name !== undefined) tokens.push({ kind: 'name', text: name, at })
    else if (number !== undefined) tokens.push({ kind: 'number', text: number, at })
    else if (text !== undefined) tokens.push({ kind: 'text', text: unquoted(text, at), at })
    else if (sign !== undefined) tokens.push({ kind: 'sign', text: sign, at })
  }
  tokens.push({ kind: 'end', text: '', at: source.length + 1 })
  return tokens
}

function unquoted(text: string, at: number): string {
  if (text.startsWith("'")) return text.slice(1, -1)
  try {
    return JSON.parse(text)
  } catch {
    throw mappingError(at, `${quote(text)} is no text as JSON writes it`)
  }
}

export function mappingError(at: number, what: string): MillraceError {
  return new MillraceError('invalid_setting', `the mapping is wrong at character ${at}: ${what}`, {
    hint: 'It is written like: page_id = page_id ?? "/unknown"; view_duration_ms = abs(view_duration_ms)',
  })
}
