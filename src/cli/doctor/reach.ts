import { connect } from 'node:net'

const WITHIN_MS = 3_000

/** Those of these addresses, `host1:9092,host2:9092`, that take no connection. */
export async function refusingAddresses(addresses: string): Promise<string[]> {
  const each = addresses.split(',').map((address) => address.trim())
  const answers = await Promise.all(
    each.map((address) => {
      const colon = address.lastIndexOf(':')
      const host = address.slice(0, colon).replace(/^\[(.*)\]$/, '$1')
      return takesConnection(host, Number(address.slice(colon + 1)))
    }),
  )
  return each.filter((_, i) => !answers[i])
}

/** Whether somebody takes connections there, and soon. */
export function takesConnection(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout: WITHIN_MS })
    const end = (answer: boolean) => {
      socket.destroy()
      resolve(answer)
    }
    socket
      .once('connect', () => end(true))
      .once('error', () => end(false))
      .once('timeout', () => end(false))
  })
}
