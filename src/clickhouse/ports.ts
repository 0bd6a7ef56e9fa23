import { createServer } from 'node:net'

/** The loopback addresses of this machine: `localhost` may mean either of them. */
export async function loopbackHosts(): Promise<string[]> {
  return (await bind(0, '::1')) === undefined ? ['127.0.0.1'] : ['127.0.0.1', '::1']
}

/** The preferred port when it is free on all of the hosts, another free one otherwise (or when it is 0). */
export async function freePort(preferred: number, hosts: readonly string[]): Promise<number> {
  const [first = '127.0.0.1', ...rest] = hosts
  for (let wanted = preferred; ; wanted = 0) {
    const port = await bind(wanted, first)
    if (port === undefined) continue
    const others = await Promise.all(rest.map((host) => bind(port, host)))
    if (!others.includes(undefined)) return port
  }
}

/** Listens for a moment. Gives the port, or undefined when it can't be had. */
function bind(port: number, host: string): Promise<number | undefined> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(undefined))
    server.listen({ port, host, exclusive: true }, () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' ? address?.port : undefined))
    })
  })
}
