/** A value of JSON; undefined is a field that is not there. */
export type Value = unknown

/** A function of mappings: how many arguments it takes, and what it makes of them. What it cannot take gives undefined. */
export interface MappingFunction {
  readonly arguments: number
  readonly does: string
  readonly call: (...values: Value[]) => Value
}

const text = (value: Value): string | undefined => (typeof value === 'string' ? value : undefined)

function toNumber(value: Value): number | undefined {
  if (typeof value === 'boolean') return Number(value)
  const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value
  return typeof number === 'number' && Number.isFinite(number) ? number : undefined
}

function ofNumber(change: (value: number) => number): (value: Value) => Value {
  return (value) => {
    const number = toNumber(value)
    return number === undefined ? undefined : change(number)
  }
}

/** @param ms milliseconds since the epoch */
function isoTime(ms: number): string | undefined {
  return Math.abs(ms) <= 8.64e15 ? new Date(ms).toISOString() : undefined
}

export const FUNCTIONS: Readonly<Record<string, MappingFunction>> = Object.freeze({
  text: {
    arguments: 1,
    does: 'a number or true and false as text',
    call: (value: Value) =>
      ['string', 'number', 'boolean'].includes(typeof value) ? String(value) : undefined,
  },
  number: { arguments: 1, does: 'text as a number', call: toNumber },
  boolean: {
    arguments: 1,
    does: '"true", "yes", 1 and their contraries as true and false',
    call: (value: Value) => {
      const word = String(value).trim().toLowerCase()
      if (['true', 'yes', '1'].includes(word)) return true
      return ['false', 'no', '0'].includes(word) ? false : undefined
    },
  },
  abs: { arguments: 1, does: 'without its sign', call: ofNumber(Math.abs) },
  round: { arguments: 1, does: 'to a whole number', call: ofNumber(Math.round) },
  min: {
    arguments: 2,
    does: 'the smaller number',
    call: (a: Value, b: Value) => ofNumber((n) => Math.min(n, toNumber(b) ?? n))(a),
  },
  max: {
    arguments: 2,
    does: 'the larger number',
    call: (a: Value, b: Value) => ofNumber((n) => Math.max(n, toNumber(b) ?? n))(a),
  },
  lower: { arguments: 1, does: 'in lower case', call: (value: Value) => text(value)?.toLowerCase() },
  upper: { arguments: 1, does: 'in upper case', call: (value: Value) => text(value)?.toUpperCase() },
  trim: { arguments: 1, does: 'without spaces around it', call: (value: Value) => text(value)?.trim() },
  first: {
    arguments: 2,
    does: 'the first so many characters',
    call: (value: Value, count: Value) =>
      text(value)
        ?.slice(0, Math.max(0, toNumber(count) ?? 0))
        .toWellFormed(),
  },
  replace: {
    arguments: 3,
    does: 'every occurrence of a text replaced by another; no patterns',
    call: (value: Value, what: Value, by: Value) =>
      what === '' ? value : text(value)?.replaceAll(String(what), () => String(by)),
  },
  time_of_ms: {
    arguments: 1,
    does: 'milliseconds since 1970 as a timestamp',
    call: (value: Value) => isoTime(toNumber(value) ?? Number.NaN),
  },
  time_of_seconds: {
    arguments: 1,
    does: 'seconds since 1970 as a timestamp',
    call: (value: Value) => isoTime((toNumber(value) ?? Number.NaN) * 1_000),
  },
  in_utc: {
    arguments: 1,
    does: 'a date and time without a zone, as one of UTC',
    call: (value: Value) => {
      const given = text(value)?.trim()
      if (given === undefined) return undefined
      return /(?:Z|[+-]\d\d:?\d\d)$/i.test(given) ? given : `${given.replace(' ', 'T')}Z`
    },
  },
})
