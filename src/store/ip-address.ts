import ipaddr from 'ipaddr.js'

/** `::`, which stands for no address. */
const NONE: readonly number[] = new Array<number>(16).fill(0)

/**
 * The sixteen bytes of an address that has been validated; IPv4 is mapped (::ffff:a.b.c.d), and no address is `::`.
 */
export function ipv6Bytes(address: string): readonly number[] {
  if (address === '') return NONE
  let bytes = known.get(address)
  if (bytes === undefined) {
    bytes = parse(address)
    if (known.size >= REMEMBERED) known.clear()
    known.set(address, bytes)
  }
  return bytes
}

/** Visitors come back, and parsing takes longer than everything else about a row. Some 5 MB. */
const REMEMBERED = 20_000
const known = new Map<string, readonly number[]>()

function parse(address: string): readonly number[] {
  const parsed = ipaddr.parse(address)
  return parsed.kind() === 'ipv4'
    ? (parsed as ipaddr.IPv4).toIPv4MappedAddress().toByteArray()
    : parsed.toByteArray()
}
