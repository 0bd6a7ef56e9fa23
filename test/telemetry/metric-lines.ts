import type { ReceivedPoint } from '../helpers/otlp.ts'

/** The lines of /metrics: `name{labels}` with the labels in order, and the value. */
export function linesOfText(text: string): Map<string, number> {
  const lines = new Map<string, number>()
  for (const [, name, labels = '', value] of text.matchAll(/^([a-z]\w*)(?:\{(.*)\})? (\S+)$/gm)) {
    const pairs = [...labels.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)].map(([, key, text]) => [key!, text!])
    lines.set(lineName(name!, Object.fromEntries(pairs)), Number(value))
  }
  return lines
}

/** The same lines out of what was sent over OTLP. */
export function linesOfPoints(points: readonly ReceivedPoint[]): Map<string, number> {
  const lines = new Map<string, number>()
  for (const { name, type, attributes, value, sum, count, bounds, counts } of points) {
    if (type !== 'histogram') {
      lines.set(lineName(name, attributes), value)
      continue
    }
    let upTo = 0
    counts.forEach((n, i) => {
      upTo += n
      lines.set(lineName(`${name}_bucket`, { ...attributes, le: bounds[i] ?? '+Inf' }), upTo)
    })
    lines.set(lineName(`${name}_sum`, attributes), sum)
    lines.set(lineName(`${name}_count`, attributes), count)
  }
  return lines
}

/** Those of Millrace itself whose values only what happens changes: no gauges, and nothing of the process. */
export function counted(lines: ReadonlyMap<string, number>): Record<string, number> {
  const names = [...lines.keys()].filter((line) => /^millrace_\w+_(total|bucket|sum|count)\{/.test(line))
  return Object.fromEntries(names.sort().map((line) => [line, lines.get(line)!]))
}

function lineName(name: string, labels: Readonly<Record<string, unknown>>): string {
  const pairs = Object.entries(labels).map(([key, value]) => `${key}="${value}"`)
  return `${name}{${pairs.sort().join(',')}}`
}
