import { isIPv4, isIPv6 } from 'node:net'
import ipaddr from 'ipaddr.js'

/** An address as four 32-bit words, as they lie in the memory of a little-endian machine; all zero is `::`, no address. */
export type AddressWords = Uint32Array

/** Whether a text is an IPv4 or IPv6 address. A zone id (fe80::1%eth0) names an interface of the sender's machine: nothing to store. */
export function isAddress(text: string): boolean {
  return isIPv4(text) || (isIPv6(text) && !text.includes('%'))
}

/**
 * The sixteen bytes of an address as words; IPv4 is mapped (::ffff:a.b.c.d), and the empty text is `::`. Undefined for a text that is no
 * address.
 */
export function addressWords(address: string): Readonly<AddressWords> | undefined {
  if (address === '') return NONE
  let words = known.get(address)
  if (words === undefined) {
    if (!isAddress(address)) return undefined
    words = parse(address)
    if (known.size >= REMEMBERED) known.clear()
    known.set(address, words)
  }
  return words
}

const NONE = new Uint32Array(4)

/** Visitors come back, and parsing takes longer than everything else about an event. Some 5 MB. */
const REMEMBERED = 20_000
const known = new Map<string, AddressWords>()

function parse(address: string): AddressWords {
  const parsed = ipaddr.parse(address)
  const bytes =
    parsed.kind() === 'ipv4'
      ? (parsed as ipaddr.IPv4).toIPv4MappedAddress().toByteArray()
      : parsed.toByteArray()
  return new Uint32Array(Uint8Array.from(bytes).buffer)
}
