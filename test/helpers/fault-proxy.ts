import { connect, createServer, type Server, type Socket } from 'node:net'
import type { TestContext } from 'node:test'

/** What becomes of the next connection or of bytes on it. */
export type Fault =
  | { readonly kind: 'none' }
  /** Connections are closed before anything is read. */
  | { readonly kind: 'refuse' }
  /** What is asked arrives; of the answer nothing comes back, and the connection is closed. */
  | { readonly kind: 'lose-answer' }
  /** The answer is cut after so many bytes. */
  | { readonly kind: 'cut-answer'; readonly bytes: number }
  /** Nothing is passed on, in either direction. */
  | { readonly kind: 'stall' }
  /** Everything is passed on so many milliseconds later. */
  | { readonly kind: 'delay'; readonly ms: number }
  /** An HTTP answer of this status, as a proxy in front of a server gives it; what is asked does not arrive. */
  | { readonly kind: 'status'; readonly status: number; readonly body: string }

/**
 * A TCP proxy that does harm when it is told to. Faults apply to what happens from then on, on connections that exist too.
 */
export class FaultProxy implements AsyncDisposable {
  fault: Fault = { kind: 'none' }
  /** How often a fault was met. */
  met = 0
  readonly #sockets = new Set<Socket>()

  readonly #server: Server
  readonly #target: () => number

  private constructor(target: () => number) {
    this.#target = target
    this.#server = createServer((client) => this.#serve(client))
  }

  /** @param target the port on the loopback address that it passes on to */
  static async open(target: () => number): Promise<FaultProxy> {
    const proxy = new FaultProxy(target)
    await new Promise<void>((resolve) => proxy.#server.listen(0, '127.0.0.1', resolve))
    return proxy
  }

  /** One that is closed when the test is over. */
  static async start(t: TestContext, target: () => number): Promise<FaultProxy> {
    const proxy = await FaultProxy.open(target)
    t.after(() => proxy[Symbol.asyncDispose]())
    return proxy
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  get port(): number {
    return (this.#server.address() as { port: number }).port
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`
  }

  /** Sets a fault and ends the connections that exist. */
  break(fault: Fault): void {
    this.fault = fault
    for (const socket of this.#sockets) socket.destroy()
  }

  heal(): void {
    this.break({ kind: 'none' })
  }

  #serve(client: Socket): void {
    const server = connect(this.#target(), '127.0.0.1')
    for (const [socket, other] of [
      [client, server],
      [server, client],
    ] as const) {
      this.#sockets.add(socket)
      socket.on('error', () => {})
      socket.once('close', () => {
        this.#sockets.delete(socket)
        other.destroy()
      })
    }
    if (this.fault.kind === 'refuse') {
      this.met += 1
      client.destroy()
      return
    }
    let answered = 0
    client.on('data', (bytes) => {
      const { fault } = this
      if (fault.kind === 'status') {
        this.met += 1
        const head = `HTTP/1.1 ${fault.status} Fault\r\ncontent-type: text/html\r\ncontent-length: ${Buffer.byteLength(fault.body)}\r\nconnection: close\r\n\r\n`
        client.end(head + fault.body)
      } else if (fault.kind === 'stall') this.met += 1
      else if (fault.kind === 'delay') {
        this.met += 1
        setTimeout(() => server.writable && server.write(bytes), fault.ms)
      } else server.write(bytes)
    })
    server.on('data', (bytes) => {
      const { fault } = this
      if (fault.kind === 'lose-answer') {
        this.met += 1
        client.destroy()
      } else if (fault.kind === 'cut-answer') {
        const left = fault.bytes - answered
        answered += bytes.length
        if (bytes.length < left) return void client.write(bytes)
        this.met += 1
        client.write(bytes.subarray(0, Math.max(0, left)), () => client.destroy())
      } else if (fault.kind !== 'stall') client.write(bytes)
    })
    client.on('end', () => server.end())
    server.on('end', () => client.end())
  }
}
