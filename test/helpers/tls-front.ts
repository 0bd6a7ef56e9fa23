import { readFileSync } from 'node:fs'
import { connect } from 'node:net'
import type { TestContext } from 'node:test'
import { createServer, type TLSSocket } from 'node:tls'
import type { Certificate } from './certificates.ts'

/**
 * Speaks TLS in front of a port on the loopback address, as a load balancer does.
 *
 * @param askedOf the authority (a PEM file) whose certificate each client must have
 * @returns the port
 */
export async function tlsFront(
  t: TestContext,
  target: number,
  { cert, key }: Certificate,
  askedOf?: string,
): Promise<number> {
  const sockets = new Set<TLSSocket>()
  const server = createServer(
    {
      cert: readFileSync(cert),
      key: readFileSync(key),
      ...(askedOf === undefined
        ? {}
        : { ca: readFileSync(askedOf), requestCert: true, rejectUnauthorized: true }),
    },
    (client) => {
      const plain = connect(target, '127.0.0.1')
      sockets.add(client)
      for (const [socket, other] of [
        [client, plain],
        [plain, client],
      ] as const) {
        socket.on('error', () => {})
        socket.once('close', () => other.destroy())
      }
      client.pipe(plain).pipe(client)
    },
  )
  server.on('tlsClientError', () => {})
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(async () => {
    for (const socket of sockets) socket.destroy()
    await new Promise((resolve) => server.close(resolve))
  })
  return (server.address() as { port: number }).port
}
