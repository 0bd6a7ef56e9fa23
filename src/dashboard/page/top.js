// @ts-check
import { byId, element, fillRows, setText } from './dom.js'
import { count, duration, many, percent } from './format.js'

/** @typedef {import('./types.d.ts').Top} Top */

const pages = byId('pages')
const pagesNote = byId('pages-note')
const regions = byId('regions')
const regionsNote = byId('regions-note')
const more = byId('more-pages', HTMLButtonElement)

/** How many pages are shown at first, and how many at most. */
const FEW = 100
const MANY = 1_000

let wanted = FEW

/** How many pages to ask for. */
export function pagesWanted() {
  return String(wanted)
}

/** Lets more pages be shown, or fewer again. @param {() => void} refresh */
export function startTop(refresh) {
  more.addEventListener('click', () => {
    wanted = wanted === FEW ? MANY : FEW
    refresh()
  })
}

/** Pages and regions cannot be read now. What is there stays. @param {string} message */
export function showNoTop(message) {
  for (const [body, columns] of /** @type {const} */ ([
    [pages, 6],
    [regions, 3],
  ])) {
    if (isEmpty(body))
      fillTable(
        body,
        columns,
        [],
        () => [],
        () => 0,
        message,
      )
  }
}

/** Shows the most viewed pages, and regions. @param {Top} top @param {string} search */
export function showTop(top, search) {
  const most = top.pages[0]?.views ?? 0
  fillTable(
    pages,
    6,
    top.pages,
    (page) => [
      page.page_id,
      count(page.views),
      count(page.users),
      percent(page.bounce_rate),
      duration(page.avg_ms),
      duration(page.p95_ms),
    ],
    (page) => page.views / most,
    emptyPages(top, search),
  )
  setText(pagesNote, noteOf(top, search))
  more.hidden = top.pages_found <= FEW
  setText(more, wanted === FEW ? `Show ${count(Math.min(MANY, top.pages_found))}` : `Show ${count(FEW)}`)

  const all = top.regions.reduce((sum, { views }) => sum + views, 0)
  fillTable(
    regions,
    3,
    top.regions,
    (region) => [
      region.region === '' ? 'not known' : region.region,
      count(region.views),
      count(region.users),
    ],
    (region) => region.views / (top.regions[0]?.views ?? 1),
    'No views in this time.',
  )
  setText(regionsNote, all === 0 ? '' : `${many(top.regions.length, 'region')}, ${many(all, 'view')}`)
}

/** @param {Top} top @param {string} search */
function emptyPages(top, search) {
  if (top.pages_total > 0) return `None of ${count(top.pages_total)} pages has "${search}" in its name.`
  return 'No views in this time. Let the generator run, send a burst below, or take a longer span above.'
}

/** @param {Top} top @param {string} search */
function noteOf({ pages, pages_total, pages_found }, search) {
  if (pages_found === 0) return ''
  const first = pages.length < pages_found ? `The first ${count(pages.length)} of ` : ''
  return search === ''
    ? `${first}${many(pages_found, 'page')}`
    : `${first}${count(pages_found)} found in ${many(pages_total, 'page')}`
}

/**
 * @template T
 * @param {HTMLElement} body
 * @param {number} columns
 * @param {readonly T[]} things
 * @param {(thing: T) => string[]} textsOf
 * @param {(thing: T) => number} partOf the length of its bar, up to 1
 * @param {string} nothing what to say when there is none
 */
function fillTable(body, columns, things, textsOf, partOf, nothing) {
  if (isEmpty(body) || things.length === 0) body.replaceChildren()
  if (things.length === 0) {
    const cell = element('td', { class: 'nothing', colspan: String(columns) }, nothing)
    body.append(element('tr', { class: 'nothing-row' }, cell))
    return
  }
  const make = () => {
    const cells = Array.from({ length: columns - 1 }, () => element('td'))
    return element('tr', {}, element('td', { class: 'bar' }), ...cells)
  }
  fillRows(body, things, make, (row, thing) => {
    textsOf(thing).forEach((text, i) => {
      setText(/** @type {Element} */ (row.children[i]), text)
    })
    const first = /** @type {HTMLElement} */ (row.children[0])
    const name = first.textContent ?? ''
    if (first.title !== name) first.title = name
    const part = `${(partOf(thing) * 100).toFixed(1)}%`
    if (first.style.getPropertyValue('--part') !== part) first.style.setProperty('--part', part)
  })
}

/** @param {HTMLElement} body a table's, which has no rows, or one that says so */
function isEmpty(body) {
  return body.firstElementChild?.classList.contains('nothing-row') ?? true
}
