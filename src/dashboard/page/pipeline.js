// @ts-check
import { byId, element, fillRows, setText } from './dom.js'
import { stationsOf, withoutUpdates } from './stations.js'

/**
 * @typedef {import('./types.d.ts').LiveUpdate} LiveUpdate
 * @typedef {import('./stations.js').Station | import('./stations.js').Pipe} Part
 */

const list = byId('pipeline')
/** @type {Part[]} */
let parts = []

/** Shows where messages are on their way. @param {LiveUpdate} update */
export function showPipeline(update) {
  parts = stationsOf(update)
  draw(parts)
}

/** No updates come. */
export function showPipelineAway() {
  draw(withoutUpdates(parts))
}

/** @param {Part[]} what */
function draw(what) {
  fillRows(list, what, () => element('li'), fill)
}

/** @param {HTMLElement} row @param {Part} part */
function fill(row, part) {
  if (part.kind === 'pipe') {
    row.className = 'pipe'
    row.dataset.flows = String(part.flows)
    row.title = part.meaning
    if (row.children.length === 0) row.append(element('span'), element('span', { class: 'hidden' }))
    setTexts(row.children, [part.label, part.meaning])
    return
  }
  row.className = 'station'
  row.dataset.state = part.state
  if (row.children.length === 0) {
    row.append(
      element('h3', {}, element('span'), element('span', { class: 'health' })),
      element('p', { class: 'main' }),
      element('p', { class: 'more' }),
    )
  }
  setTexts(row.querySelectorAll('h3 span, p'), [part.name, part.health, part.main, part.more])
}

/** @param {ArrayLike<Element>} where @param {string[]} texts */
function setTexts(where, texts) {
  texts.forEach((text, i) => {
    setText(/** @type {Element} */ (where[i]), text)
  })
}
