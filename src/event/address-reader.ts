import { HEX } from './event-id.ts'
import { addressWords } from './ip-address.ts'

/** What readers answer when what stands there is not of the usual form. */
export const NOT_THIS = -1

const [QUOTE, DOT, ZERO, COLON] = [...Buffer.from('".0:')] as [number, number, number, number]

/**
 * Reads an address with its quotes: IPv4 and IPv6 from their digits, what is mixed or no address as text.
 *
 * @param into the four words of the address; see ip-address.ts
 * @returns where it ends, or NOT_THIS
 */
export function readAddress(bytes: Buffer, at: number, into: Uint32Array): number {
  if (bytes[at] !== QUOTE) return NOT_THIS
  let packed = 0
  let i = at + 1
  for (let part = 0; part < 4; part++) {
    const begin = i
    let value = 0
    for (;;) {
      const digit = bytes[i]! - ZERO
      if (!(digit >= 0 && digit <= 9)) break
      value = value * 10 + digit
      i += 1
    }
    const digits = i - begin
    const isNumber = digits > 0 && digits <= 3 && value <= 255 && (digits === 1 || bytes[begin] !== ZERO)
    if (!isNumber || bytes[i] !== (part < 3 ? DOT : QUOTE)) return readIpv6(bytes, at + 1, into)
    packed |= value << (8 * part)
    i += 1
  }
  into[2] = MAPPED
  into[3] = packed
  return i
}

/** The eight groups of an IPv6 address, each in the order of its bytes. */
const groups = new Uint16Array(8)
const groupWords = new Uint32Array(groups.buffer)

/** Up to eight groups of one to four digits, once with `::` for at least one that is zero (RFC 4291, section 2.2). */
function readIpv6(bytes: Buffer, start: number, into: Uint32Array): number {
  let i = start
  let count = 0
  /** Where `::` stands. */
  let gap = -1
  if (bytes[i] === COLON && bytes[i + 1] === COLON) {
    gap = 0
    i += 2
  }
  while (bytes[i] !== QUOTE) {
    const begin = i
    let group = 0
    for (let digit = HEX[bytes[i]!]!; digit < 16; digit = HEX[bytes[i]!]!) {
      group = (group << 4) | digit
      i += 1
    }
    if (i === begin || i - begin > 4 || count === 8) return readOtherAddress(bytes, start, into)
    groups[count++] = (group >> 8) | (group << 8)
    if (bytes[i] === QUOTE) break
    if (bytes[i] !== COLON) return readOtherAddress(bytes, start, into)
    i += 1
    if (bytes[i] !== COLON) {
      // A colon is followed by another group.
      if (bytes[i] === QUOTE) return readOtherAddress(bytes, start, into)
      continue
    }
    if (gap >= 0) return readOtherAddress(bytes, start, into)
    gap = count
    i += 1
  }
  if (gap < 0 ? count !== 8 : count === 8) return readOtherAddress(bytes, start, into)
  if (gap >= 0) {
    groups.copyWithin(8 - (count - gap), gap, count)
    groups.fill(0, gap, 8 - (count - gap))
  }
  into.set(groupWords)
  return i + 1
}

/** The third word of ::ffff:a.b.c.d. */
const MAPPED = 0xffff0000
const LONGEST_ADDRESS = 45

function readOtherAddress(bytes: Buffer, start: number, into: Uint32Array): number {
  let end = start
  while (end - start <= LONGEST_ADDRESS && bytes[end] !== QUOTE) end += 1
  if (bytes[end] !== QUOTE) return NOT_THIS
  const words = addressWords(bytes.toString('latin1', start, end))
  if (words === undefined) return NOT_THIS
  into.set(words)
  return end + 1
}
