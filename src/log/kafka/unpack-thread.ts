import { parentPort } from 'node:worker_threads'
import { unpack } from './unpack.ts'

/** The thread of an Unpacker: unpacks chunks in the order in which they come. */
parentPort!.on('message', (chunk: Uint8Array) => {
  const { bytes, starts } = unpack(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength))
  const owned = bytes.byteLength === bytes.buffer.byteLength ? [bytes.buffer as ArrayBuffer] : []
  parentPort!.postMessage({ bytes, starts }, owned)
})
