const LONGEST = 120

/**
 * A value out of a message, for people: text as JSON and shortened, lists and objects by their kind only, since they may be
 * nested deeper than they can be written. Always well-formed text.
 */
export function quote(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(shorten(value))
  if (Array.isArray(value)) return 'a list'
  return typeof value === 'object' && value !== null ? 'an object' : String(value)
}

/** At most 120 characters of a text, without half a surrogate pair at the cut. */
export function shorten(text: string): string {
  return (text.length <= LONGEST ? text : `${text.slice(0, LONGEST - 1)}…`).toWellFormed()
}
