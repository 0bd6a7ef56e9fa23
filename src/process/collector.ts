import { setFlagsFromString } from 'node:v8'

/**
 * Buffers count for the garbage collector as objects do. Otherwise V8 marks the whole heap whenever some 64 MB of buffers have been
 * allocated, however soon they were released, which is five times a second while a backlog is read, and costs a quarter of the processor
 * time of the consumer (bench/RESULTS.md). To be called before there is much of either.
 */
export function countBuffersAsObjects(): void {
  setFlagsFromString('--external-memory-accounted-in-global-limit')
}
