// @ts-check
import { request } from './api.js'

/** @typedef {import('./types.d.ts').LiveUpdate} LiveUpdate */

/** Updates come every second; after so long without one the connection counts as broken, whatever it says. */
const SILENCE_MS = 6_000
const FIRST_PAUSE_MS = 500
const LONGEST_PAUSE_MS = 5_000

/**
 * Listens to the updates for as long as the page is open, and connects again by itself. It reads the stream with fetch, since an
 * EventSource can bring no token.
 *
 * @param {{ onUpdate: (update: LiveUpdate) => void, onAway: (message: string) => void }} listener
 */
export async function follow({ onUpdate, onAway }) {
  let failures = 0
  for (;;) {
    try {
      await listen((update) => {
        failures = 0
        onUpdate(update)
      })
      onAway('The connection to the consumer has ended.')
    } catch (error) {
      onAway(reasonOf(error))
    }
    await pause(Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** failures))
    failures += 1
  }
}

/** @param {unknown} error */
function reasonOf(error) {
  // What browsers say of a connection that breaks is another word in each.
  if (error instanceof TypeError) return 'The connection to the consumer was lost.'
  return error instanceof Error ? error.message : String(error)
}

/** @param {(update: LiveUpdate) => void} onUpdate */
async function listen(onUpdate) {
  const silence = new AbortController()
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer
  const alive = () => {
    clearTimeout(timer)
    timer = setTimeout(() => silence.abort(new Error('The consumer has fallen silent.')), SILENCE_MS)
  }
  try {
    const response = await request('/live', { signal: silence.signal })
    if (!response.body) return
    alive()
    const texts = response.body.pipeThrough(new TextDecoderStream()).getReader()
    let rest = ''
    // Not every browser can take a stream in a for-await loop.
    for (;;) {
      const { value, done } = await texts.read()
      if (done) return
      alive()
      const frames = (rest + value).split('\n\n')
      rest = frames.pop() ?? ''
      for (const frame of frames) {
        const data = dataOf(frame)
        if (data !== '') onUpdate(JSON.parse(data))
      }
    }
  } finally {
    clearTimeout(timer)
  }
}

/** @param {string} frame lines of an event */
function dataOf(frame) {
  const lines = frame.split('\n').filter((line) => line.startsWith('data:'))
  return lines.map((line) => line.slice('data:'.length).trimStart()).join('\n')
}

/** Ends early when the page is looked at again, or the network is back. @param {number} ms */
function pause(ms) {
  return new Promise((resolve) => {
    const timer = setTimeout(end, ms)
    function end() {
      clearTimeout(timer)
      removeEventListener('online', end)
      document.removeEventListener('visibilitychange', end)
      resolve(undefined)
    }
    addEventListener('online', end)
    document.addEventListener('visibilitychange', end)
  })
}
