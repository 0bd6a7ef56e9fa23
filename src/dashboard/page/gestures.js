// @ts-check

/**
 * @typedef {object} Gestured
 * @property {HTMLElement} box takes the keys, the wheel and the fingers
 * @property {import('./viewport.js').Viewport} viewport
 * @property {() => import('./uplot.js').default | undefined} plot
 * @property {() => void} look shows what the viewport has become
 * @property {(left: number) => void} read shows the values at so many pixels from the left
 */

/** How far a key or button zooms, and how far one moves, as a part of what is shown. */
export const ZOOM = 0.5
export const MOVE = 0.25

/**
 * Lets the time axis be moved and zoomed with keys, wheel and fingers. Dragging a stretch with the mouse is uPlot's own; with Shift
 * it moves the axis.
 *
 * @param {Gestured} gestured
 */
export function startGestures(gestured) {
  const { box, viewport, look } = gestured
  box.addEventListener('keydown', (event) => onKey(event, viewport, look))
  box.addEventListener('wheel', (event) => onWheel(event, gestured), { passive: false })
  followPointers(gestured)
}

/** Whether uPlot is to take a press of the mouse as the beginning of a stretch. @param {MouseEvent} event */
export function selects(event) {
  return event.button === 0 && !event.shiftKey
}

/** @param {KeyboardEvent} event @param {Gestured['viewport']} viewport @param {() => void} look */
function onKey(event, viewport, look) {
  if (event.ctrlKey || event.metaKey || event.altKey) return
  /** @type {Record<string, () => void>} */
  const keys = {
    ArrowLeft: () => viewport.move(-MOVE),
    ArrowRight: () => viewport.move(MOVE),
    '+': () => viewport.scale(ZOOM),
    '=': () => viewport.scale(ZOOM),
    '-': () => viewport.scale(1 / ZOOM),
    0: () => viewport.reset(),
    Escape: () => viewport.reset(),
  }
  const act = keys[event.key]
  if (!act) return
  event.preventDefault()
  act()
  look()
}

/** A plain wheel scrolls the page: only pinching (which browsers tell as Ctrl and wheel) and sideways movements are ours. @param {WheelEvent} event @param {Gestured} gestured */
function onWheel(event, { viewport, plot: get, look }) {
  const plot = get()
  const sideways = Math.abs(event.deltaX) > Math.abs(event.deltaY)
  if (!plot || (!event.ctrlKey && !(sideways && viewport.zoomed))) return
  event.preventDefault()
  if (event.ctrlKey) {
    const at = event.clientX - plot.over.getBoundingClientRect().left
    viewport.scale(Math.exp(event.deltaY / 100), plot.posToVal(at, 'x'))
  } else viewport.move(event.deltaX / plot.over.clientWidth)
  look()
}

/** One finger moves what is zoomed and reads values otherwise, two zoom; the mouse moves with Shift. @param {Gestured} gestured */
function followPointers({ box, viewport, plot: get, look, read }) {
  /** Where each pointer was last, in pixels from the left. @type {Map<number, number>} */
  const held = new Map()
  box.addEventListener('pointerdown', (event) => {
    if (event.pointerType === 'mouse' && (event.button !== 0 || !event.shiftKey)) return
    held.set(event.pointerId, event.clientX)
    box.setPointerCapture(event.pointerId)
  })
  box.addEventListener('pointermove', (event) => {
    const plot = get()
    const before = held.get(event.pointerId)
    if (!plot || before === undefined) return
    held.set(event.pointerId, event.clientX)
    const { left, width } = plot.over.getBoundingClientRect()
    const other = [...held].find(([id]) => id !== event.pointerId)?.[1]
    if (other !== undefined) {
      const apart = Math.abs(event.clientX - other)
      if (apart > 0) viewport.scale(Math.abs(before - other) / apart, plot.posToVal(other - left, 'x'))
    } else if (viewport.zoomed) viewport.move((before - event.clientX) / width)
    else return read(event.clientX - left)
    look()
  })
  for (const end of /** @type {const} */ (['pointerup', 'pointercancel'])) {
    box.addEventListener(end, (event) => held.delete(event.pointerId))
  }
}
