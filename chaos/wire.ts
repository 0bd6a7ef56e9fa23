import { connect, createServer, type Server, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

/** What a network does to what passes: nothing; connections end and are refused; nothing gets through; everything comes late. */
export type Weather =
  | { readonly kind: 'fair' }
  | { readonly kind: 'cut' }
  | { readonly kind: 'silent' }
  | { readonly kind: 'slow'; readonly ms: number }

/** The network between two parts, as a TCP proxy on the loopback address. What it is told applies to connections that exist, too. */
export class Wire implements AsyncDisposable {
  readonly port: number
  readonly #server: Server
  readonly #target: () => number | Promise<number>
  readonly #sockets = new Set<Socket>()
  #weather: Weather = { kind: 'fair' }

  private constructor(server: Server, target: () => number | Promise<number>) {
    this.#server = server
    this.#target = target
    this.port = (server.address() as { port: number }).port
  }

  /** @param target the port that it passes on to, asked for each connection */
  static async start(target: () => number | Promise<number>): Promise<Wire> {
    const server = createServer((client) => void wire.#serve(client))
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen(0, '127.0.0.1', resolve)
    })
    const wire: Wire = new Wire(server, target)
    return wire
  }

  set(weather: Weather): void {
    const before = this.#weather
    this.#weather = weather
    // What was swallowed would be missing in the middle of a connection, so it ends with the silence.
    if (weather.kind === 'cut' || before.kind === 'silent')
      for (const socket of this.#sockets) socket.destroy()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  async #serve(client: Socket): Promise<void> {
    client.on('error', () => {})
    if (this.#weather.kind === 'cut') return void client.resetAndDestroy()
    client.pause()
    const server = connect(await Promise.resolve(this.#target()).catch(() => 1), '127.0.0.1')
    this.#pass(client, server)
    this.#pass(server, client)
    client.resume()
  }

  #pass(from: Socket, to: Socket): void {
    const line = new Line()
    this.#sockets.add(from)
    from.setNoDelay(true)
    from.on('error', () => {})
    from.once('close', () => {
      this.#sockets.delete(from)
      line.after(this.#delayMs, () => to.destroy())
    })
    from.on('data', (bytes) => {
      if (this.#weather.kind === 'silent') return
      line.after(this.#delayMs, () => {
        if (!to.writable || to.write(bytes)) return
        from.pause()
        to.once('drain', () => from.resume())
      })
    })
    from.on('end', () => line.after(this.#delayMs, () => to.end()))
  }

  get #delayMs(): number {
    return this.#weather.kind === 'slow' ? this.#weather.ms : 0
  }
}

/** One direction of a connection: what comes first arrives first, however the delay changes. */
class Line {
  #pending = 0
  #last = Promise.resolve()

  after(delayMs: number, then: () => void): void {
    if (delayMs === 0 && this.#pending === 0) {
      then()
      return
    }
    this.#pending += 1
    const due = performance.now() + delayMs
    this.#last = this.#last.then(async () => {
      const leftMs = due - performance.now()
      if (leftMs > 0) await sleep(leftMs)
      this.#pending -= 1
      then()
    })
  }
}
