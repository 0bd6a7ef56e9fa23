import ipaddr from 'ipaddr.js'

/** `::`, which stands for no address. */
const NONE: readonly number[] = new Array<number>(16).fill(0)

/**
 * The sixteen bytes of an address that has been validated; IPv4 is mapped (::ffff:a.b.c.d), and no address is `::`.
 */
export function ipv6Bytes(address: string): readonly number[] {
  if (address === '') return NONE
  const parsed = ipaddr.parse(address)
  return parsed.kind() === 'ipv4'
    ? (parsed as ipaddr.IPv4).toIPv4MappedAddress().toByteArray()
    : parsed.toByteArray()
}
