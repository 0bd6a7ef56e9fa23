// @ts-check
import { askForToken, authorization } from './token.js'

/** An answer that says what went wrong. Its message is for people. */
export class Refusal extends Error {}

/**
 * Requests of this page's own server, with the token where one is needed.
 *
 * @param {string} path
 * @param {RequestInit} [init]
 * @returns {Promise<Response>} of status 200
 * @throws {Refusal} when the server does not do it, or cannot be reached
 */
export async function request(path, init = {}) {
  for (;;) {
    const headers = authorization()
    const response = await fetch(path, { ...init, headers: { ...init.headers, ...headers } }).catch(
      (error) => {
        if (init.signal?.aborted) throw error
        throw new Refusal('The consumer does not answer. Is Millrace running?')
      },
    )
    if (response.ok) return response
    if (response.status !== 401) throw new Refusal(await messageOf(response))
    await askForToken(headers)
  }
}

/**
 * @template T
 * @param {string} path
 * @param {Record<string, string>} [query] what is empty is left out
 * @param {AbortSignal} [signal]
 * @returns {Promise<T>}
 */
export async function get(path, query = {}, signal) {
  const given = Object.entries(query).filter(([, value]) => value !== '')
  const search = given.length === 0 ? '' : `?${new URLSearchParams(given)}`
  const response = await request(`${path}${search}`, signal ? { signal } : {})
  return response.json()
}

/**
 * @template T
 * @param {string} path
 * @param {object} body
 * @returns {Promise<T>}
 */
export async function post(path, body) {
  const response = await request(path, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  return response.json()
}

/** @param {Response} response */
async function messageOf(response) {
  const answer = await response.json().catch(() => undefined)
  return String(answer?.error?.message ?? `The consumer answered with status ${response.status}.`)
}
