import { isUtf8 } from 'node:buffer'
import type { DeadLetter } from '../store/dead-letters.ts'

/** Bytes in a line of an export: as text where they are UTF-8, so that other tools can change them, and otherwise in base64. */
export type LineBytes = { readonly text: string } | { readonly base64: string }

/** A line of an export: a JSON object. */
export interface ExportLine {
  readonly topic: string
  readonly partition: number
  readonly offset: number
  readonly rejected_at: string
  readonly reason: string
  readonly detail: string
  readonly key: LineBytes | null
  readonly message: LineBytes | null
  readonly resolved: { readonly at: string; readonly how: string } | null
}

// What a terminal would obey or turn around. JSON may write any of them as \u….
const UNSAFE = /[\u007f-\u009f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g

/** A dead letter as a line of NDJSON, with every byte of it, and none that a terminal would obey. */
export function exportLine(letter: DeadLetter): string {
  const { topic, partition, offset, rejectedAtMs, reason, detail, key, value, resolved } = letter
  const line: ExportLine = {
    topic,
    partition,
    offset,
    rejected_at: new Date(rejectedAtMs).toISOString(),
    reason,
    detail,
    key: key && lineBytes(key),
    message: value && lineBytes(value),
    resolved: resolved && { at: new Date(resolved.atMs).toISOString(), how: resolved.how },
  }
  return `${JSON.stringify(line).replace(UNSAFE, escaped)}\n`
}

/** The bytes that a line says; undefined when it says none. `{"json": …}` is for those who would rather not quote JSON in JSON. */
export function bytesOfLine(given: unknown): Buffer | undefined {
  if (typeof given !== 'object' || given === null) return undefined
  const { text, base64, json } = given as Readonly<Record<string, unknown>>
  if (Object.keys(given).length !== 1) return undefined
  if (typeof text === 'string' && text.isWellFormed()) return Buffer.from(text)
  if (typeof base64 === 'string' && /^[A-Za-z0-9+/]*={0,2}$/.test(base64))
    return Buffer.from(base64, 'base64')
  return json === undefined ? undefined : Buffer.from(JSON.stringify(json))
}

function lineBytes(bytes: Buffer): LineBytes {
  return isUtf8(bytes) ? { text: bytes.toString() } : { base64: bytes.toString('base64') }
}

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
}
