import { connect, createServer, type Socket } from 'node:net'
import type { TestContext } from 'node:test'

/** So many requests come from one address: far fewer than a service takes of one client in a minute. */
const REQUESTS_EACH = 100

/**
 * A way to a service on which each connection comes from a loopback address like one of many clients, so that a program that asks very much
 * is not refused for that. Linux has all of 127.0.0.0/8; elsewhere every connection comes from one address.
 *
 * @returns where it listens, like the service's own address
 */
export async function asManyClients(t: TestContext, url: string): Promise<string> {
  const { hostname, port } = new URL(url)
  const sockets = new Set<Socket>()
  let connections = 0
  const server = createServer((client) => {
    const address = 2 + (Math.floor(connections++ / REQUESTS_EACH) % 200)
    const service = connect({
      host: hostname,
      port: Number(port),
      ...(process.platform === 'linux' ? { localAddress: `127.0.0.${address}` } : {}),
    })
    for (const [one, other] of [
      [client, service],
      [service, client],
    ] as const) {
      sockets.add(one)
      one.pipe(other)
      // What has been answered before a connection broke is passed on.
      one.on('error', () => other.end().resume())
      one.on('close', () => sockets.delete(one))
    }
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => {
    server.close()
    for (const socket of sockets) socket.destroy()
  })
  return `http://127.0.0.1:${(server.address() as { port: number }).port}`
}
