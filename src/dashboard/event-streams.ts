import type { ServerResponse } from 'node:http'

/** How soon a browser that reconnects by itself does so, in milliseconds. */
const RETRY_MS = 1_000

/** An event with its data as JSON, in the format of server-sent events: https://html.spec.whatwg.org/multipage/server-sent-events.html */
export function eventFrame(name: string, data: unknown): string {
  return `event: ${name}\ndata: ${JSON.stringify(data)}\n\n`
}

/** The open event streams of a server, so that they end when it does. */
export class EventStreams {
  readonly #open = new Set<ServerResponse>()

  get size(): number {
    return this.#open.size
  }

  /**
   * Begins the answer.
   *
   * @param onClosed called when the client has gone, or the stream was ended
   * @returns sends a frame; one that a slow client has no room for is left out, since the next one says it all
   */
  open(
    response: ServerResponse,
    headers: Readonly<Record<string, string>>,
    onClosed: () => void,
  ): (frame: string) => void {
    response.writeHead(200, {
      ...headers,
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store',
      // Proxies such as nginx would gather events otherwise.
      'x-accel-buffering': 'no',
    })
    response.write(`retry: ${RETRY_MS}\n\n`)
    this.#open.add(response)
    response.once('close', () => {
      this.#open.delete(response)
      onClosed()
    })
    return (frame) => {
      if (!response.writableNeedDrain && !response.writableEnded) response.write(frame)
    }
  }

  endAll(): void {
    for (const response of this.#open) response.end()
  }
}
