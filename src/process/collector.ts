import { setFlagsFromString } from 'node:v8'

/**
 * Buffers count for the garbage collector as objects do. Otherwise V8 marks the whole heap whenever some 64 MB of buffers have been
 * allocated, however soon they were released, which is five times a second while a backlog is read, and costs a quarter of the processor
 * time of the consumer (bench/RESULTS.md). To be called before there is much of either.
 */
export function countBuffersAsObjects(): void {
  setFlagsFromString('--external-memory-accounted-in-global-limit')
}

/**
 * Every object begins among the young ones. Otherwise V8 puts those of a kind that once lived a little longer, in a burst or at the start, among the
 * old ones for good, where they keep alive what they refer to until the whole heap is marked: a third of what the producer made stayed for a
 * second instead of some milliseconds, in some runs and in others not (docs/decisions/0017-short-lives.md).
 */
export function beginAllYoung(): void {
  setFlagsFromString('--no-allocation-site-pretenuring')
}
