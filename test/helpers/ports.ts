import { createSocket } from 'node:dgram'
import { createServer } from 'node:net'

/** Below those that the system gives to whoever asks for any port, and to connections. */
const FIRST = 15_000
const LAST = 31_999

/**
 * Ports of the loopback address that nobody listens on, all different. As long as this process lives no other one of the tests is given them, and
 * the system gives them to nobody: between this answer and a server that listens there may be seconds. A cluster once had the server of another
 * one for its shard.
 */
export async function freePorts(count: number): Promise<number[]> {
  const ports: number[] = []
  while (ports.length < count) {
    const port = FIRST + Math.floor(Math.random() * (LAST - FIRST + 1))
    if ((await claim(port)) && (await isFree(port))) ports.push(port)
  }
  return ports
}

/**
 * The port of the same number for datagrams, which no server here uses, says whose the port is: the system gives it to one process, until that ends.
 *
 * @returns whether it is ours now and was nobody's before
 */
function claim(port: number): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const socket = createSocket('udp4').unref()
    socket.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE') resolve(false)
      else reject(error)
    })
    socket.bind({ port, address: '127.0.0.1', exclusive: true }, () => resolve(true))
  })
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => server.close(() => resolve(true)))
  })
}
