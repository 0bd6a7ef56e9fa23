// @ts-check

/**
 * An element of the page, which is there.
 *
 * @template {HTMLElement} T
 * @param {string} id
 * @param {new () => T} [_type] what it is, for the type alone
 * @returns {T}
 */
export function byId(id, _type) {
  const found = document.getElementById(id)
  if (!found) throw new Error(`the page has no #${id}`)
  return /** @type {T} */ (found)
}

/**
 * Makes an element. Texts become text nodes, so that no text is ever read as HTML.
 *
 * @template {keyof HTMLElementTagNameMap} Name
 * @param {Name} name
 * @param {Record<string, string>} [attributes]
 * @param {...(Node | string)} children
 * @returns {HTMLElementTagNameMap[Name]}
 */
export function element(name, attributes = {}, ...children) {
  const made = document.createElement(name)
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value)
  made.append(...children)
  return made
}

/**
 * Sets a text only where it is another one: a live region would read it out again.
 *
 * @param {Element} where
 * @param {string} text
 */
export function setText(where, text) {
  if (where.textContent !== text) where.textContent = text
}

/**
 * Shows a list of things as rows: as many as there are things, those that are there used again, so that focus, selection and scroll
 * position stay.
 *
 * @template T
 * @param {HTMLElement} body
 * @param {readonly T[]} things
 * @param {() => HTMLElement} make
 * @param {(row: HTMLElement, thing: T) => void} fill
 */
export function fillRows(body, things, make, fill) {
  while (body.children.length > things.length) body.lastElementChild?.remove()
  while (body.children.length < things.length) body.append(make())
  things.forEach((thing, i) => {
    fill(/** @type {HTMLElement} */ (body.children[i]), thing)
  })
}
