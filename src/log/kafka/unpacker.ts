import { extname } from 'node:path'
import { Worker } from 'node:worker_threads'
import type { Unpacked } from './unpack.ts'

/** What is smaller is unpacked by the thread that reads it: at a steady rate nothing is gained by another one. */
const WORTH_IT_BYTES = 128 * 1_024

/**
 * Unpacks what brokers sent in a thread of its own, while the thread that reads messages is busy with those before. It is a tenth of what
 * a message costs that thread. The other one begins when a large chunk comes for the first time.
 */
export class Unpacker {
  #thread: Worker | undefined
  #isGone = false
  /** Those that have not been answered yet, first in, first out. */
  #waiting: PromiseWithResolvers<Unpacked | undefined>[] = []

  /** @returns undefined when it is left to whoever reads the chunk: it is small, or there is no thread (any more) */
  async unpack(chunk: Buffer): Promise<Unpacked | undefined> {
    if (chunk.length < WORTH_IT_BYTES || this.#isGone) return undefined
    this.#thread ??= this.#start()
    const answer = Promise.withResolvers<Unpacked | undefined>()
    this.#waiting.push(answer)
    const copy = new Uint8Array(chunk)
    this.#thread.postMessage(copy, [copy.buffer])
    return answer.promise
  }

  async close(): Promise<void> {
    this.#giveUp()
    await this.#thread?.terminate()
  }

  #start(): Worker {
    // In the package it is JavaScript.
    const file = new URL(`./unpack-thread${extname(import.meta.url)}`, import.meta.url)
    const thread = new Worker(file)
    thread.unref()
    thread.on('message', ({ bytes, starts }: Unpacked) => {
      const { buffer, byteOffset, byteLength } = bytes
      this.#waiting.shift()?.resolve({ bytes: Buffer.from(buffer, byteOffset, byteLength), starts })
    })
    thread.on('error', () => this.#giveUp())
    thread.on('exit', () => this.#giveUp())
    return thread
  }

  /** Everything can be read without it. */
  #giveUp(): void {
    this.#isGone = true
    for (const { resolve } of this.#waiting.splice(0)) resolve(undefined)
  }
}
