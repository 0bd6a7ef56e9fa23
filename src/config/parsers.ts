import type { Parser } from './setting.ts'

function parser<T>(
  allowed: string,
  read: (text: string) => T | undefined,
  shown: Pick<Parser<T>, 'names' | 'placeholder'> = {},
): Parser<T> {
  const parse = (text: string): T => {
    const value = read(text.trim())
    if (value === undefined) throw new Error(allowed)
    return value
  }
  return Object.assign(parse, { allowed, ...shown })
}

export function text(allowed = 'any text'): Parser<string> {
  return parser(allowed, (t) => t)
}

export const directory = parser('a directory', (t) => t, { placeholder: 'directory' })

export const pemFile = parser('the path of a PEM file', (t) => t, { placeholder: 'file' })

export function pattern(expression: RegExp, allowed: string): Parser<string> {
  return parser(allowed, (t) => (expression.test(t) ? t : undefined))
}

export function oneOf<const T extends string>(...names: readonly T[]): Parser<T> {
  return parser(names.join(', '), (t) => names.find((name) => name === t), { names })
}

export function integer(min: number, max: number): Parser<number> {
  return parser(`a whole number from ${min} to ${max}`, (t) => {
    const n = Number(t)
    return /^[+-]?\d+$/.test(t) && Number.isSafeInteger(n) && n >= min && n <= max ? n : undefined
  })
}

export function number(min: number, max: number): Parser<number> {
  return parser(`a number from ${min} to ${max}`, (t) => {
    const n = Number(t)
    return t !== '' && Number.isFinite(n) && n >= min && n <= max ? n : undefined
  })
}

export const port = integer(0, 65_535)

export const onOff: Parser<boolean> = parser(
  'on or off',
  (t) => {
    const lower = t.toLowerCase()
    if (['on', 'true', '1', 'yes'].includes(lower)) return true
    if (['off', 'false', '0', 'no'].includes(lower)) return false
    return undefined
  },
  { names: ['on', 'off'] },
)

const BYTES = { '': 1, k: 2 ** 10, m: 2 ** 20, g: 2 ** 30, t: 2 ** 40 } as const

/** A size in bytes: `1048576`, `512M`, `10G` (powers of 1024). */
export const bytes: Parser<number> = parser('a size such as 1048576, 512M or 10G', (t) => {
  const match = /^(\d+)([kmgt]?)(?:i?b)?$/i.exec(t)
  if (!match) return undefined
  const value = Number(match[1]) * BYTES[(match[2] ?? '').toLowerCase() as keyof typeof BYTES]
  return Number.isSafeInteger(value) ? value : undefined
})

const DURATIONS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const

/** A length of time, as milliseconds: `250ms`, `10s`, `5m`, `1h`, `7d`. */
export function duration(minMs: number, maxMs: number): Parser<number> {
  return parser(
    `a length of time from ${formatMs(minMs)} to ${formatMs(maxMs)}, such as 250ms, 10s, 5m or 7d`,
    (t) => {
      const match = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(t)
      if (!match) return undefined
      const value = Number(match[1]) * DURATIONS[match[2] as keyof typeof DURATIONS]
      return value >= minMs && value <= maxMs ? value : undefined
    },
  )
}

/** The shortest exact writing of a length of time that `duration` reads. */
export function formatMs(ms: number): string {
  for (const unit of ['d', 'h', 'm', 's'] as const) {
    if (ms !== 0 && ms % DURATIONS[unit] === 0) return `${ms / DURATIONS[unit]}${unit}`
  }
  return `${ms}ms`
}

/** Weights by name: `page=70,round-robin=20,random=10`. Names left out weigh 0; one must be above 0. */
export function weights<const T extends string>(...names: readonly T[]): Parser<Readonly<Record<T, number>>> {
  const example = names.map((name, i) => `${name}=${i === 0 ? 70 : 10}`).join(',')
  return parser(`weights such as ${example}`, (t) => {
    const result = Object.fromEntries(names.map((name) => [name, 0])) as Record<T, number>
    for (const part of t.split(',')) {
      const [name, value, ...rest] = part.split('=').map((s) => s.trim())
      const weight = Number(value)
      const known = names.find((n) => n === name)
      if (!known || rest.length > 0 || !value || !Number.isFinite(weight) || weight < 0) return undefined
      result[known] = weight
    }
    const sum = Object.values<number>(result).reduce((a, b) => a + b, 0)
    return sum > 0 ? Object.freeze(result) : undefined
  })
}

/** Addresses, separated by commas: `http://a:8123,http://b:8123`. */
export const urls: Parser<readonly string[]> = parser('http or https addresses, separated by commas', (t) => {
  const list = t === '' ? [] : t.split(',').map((one) => one.trim())
  return list.every((one) => /^https?:\/\/[^\s,]+$/.test(one)) ? Object.freeze(list) : undefined
})
