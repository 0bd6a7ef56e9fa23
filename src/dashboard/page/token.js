// @ts-check
import { byId } from './dom.js'

const KEY = 'millrace-token'

const dialog = byId('token-dialog', HTMLDialogElement)
const field = byId('token', HTMLInputElement)
const wrong = byId('token-wrong')

/** @type {Promise<void> | undefined} */
let asking

/** What a request has to bring; nothing as long as none was asked for. @returns {Record<string, string>} */
export function authorization() {
  const token = sessionStorage.getItem(KEY)
  return token === null ? {} : { authorization: `Bearer ${token}` }
}

/**
 * Asks for the token, once for all requests that were refused. It is kept for this tab.
 *
 * @param {Record<string, string>} refused what the refused request brought
 * @returns {Promise<void>} resolves when there is another one to try with
 */
export function askForToken(refused) {
  // Another request may have been refused at the same time, and its token be here already.
  if (!asking && authorization().authorization !== refused.authorization) return Promise.resolve()
  asking ??= ask().finally(() => {
    asking = undefined
  })
  return asking
}

/** @returns {Promise<void>} */
function ask() {
  wrong.hidden = sessionStorage.getItem(KEY) === null
  field.value = ''
  dialog.showModal()
  return new Promise((resolve) => {
    dialog.addEventListener(
      'close',
      () => {
        if (field.value === '') return resolve(ask())
        sessionStorage.setItem(KEY, toLatin1(field.value))
        resolve()
      },
      { once: true },
    )
  })
}

/** A header holds bytes: those of the token's UTF-8, which the server compares. @param {string} token */
function toLatin1(token) {
  return String.fromCharCode(...new TextEncoder().encode(token.trim()))
}
