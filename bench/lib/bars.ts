import { median } from './statistics.ts'
import { COLOURS, escapeXml, niceStep, picture, short, WIDTH } from './svg.ts'

export interface Bar {
  readonly name: string
  /** One of each run; at least one. */
  readonly values: readonly number[]
}

export interface BarChart {
  readonly title: string
  readonly bars: readonly Bar[]
}

const LEFT = 240
const RIGHT = 70
const ROW = 24
const TITLE = 26
const AXIS = 24

/** Bars as long as the median of their runs, with a line from the lowest run to the highest; charts below each other. */
export function drawBars(charts: readonly BarChart[], caption = ''): string {
  let y = 8
  const parts = charts.map((chart) => {
    const part = `<g transform="translate(0 ${y})">${draw(chart)}</g>`
    y += TITLE + ROW * chart.bars.length + AXIS
    return part
  })
  return picture({ height: y, titles: charts.map(({ title }) => title) }, parts.join('\n'), caption)
}

function draw({ title, bars }: BarChart): string {
  const most = Math.max(1e-9, ...bars.flatMap(({ values }) => values))
  const step = niceStep(most / 5)
  const end = step * Math.ceil(most / step)
  const x = (value: number): string => (LEFT + (value / end) * (WIDTH - LEFT - RIGHT)).toFixed(1)
  const bottom = TITLE + ROW * bars.length
  const parts = [`<text x="8" y="14" font-weight="600">${escapeXml(title)}</text>`]
  for (let value = 0; value <= end + step / 2; value += step)
    parts.push(
      `<line class="grid" x1="${x(value)}" x2="${x(value)}" y1="${TITLE - 4}" y2="${bottom}"/>`,
      `<text x="${x(value)}" y="${bottom + 14}" text-anchor="middle">${short(value)}</text>`,
    )
  bars.forEach(({ name, values }, i) => {
    const top = TITLE + ROW * i
    const middle = top + ROW / 2 - 2
    const typical = median(values)
    parts.push(
      `<text x="${LEFT - 8}" y="${middle + 4}" text-anchor="end">${escapeXml(name)}</text>`,
      `<rect x="${LEFT}" y="${top + 2}" width="${(Number(x(typical)) - LEFT).toFixed(1)}" height="${ROW - 8}" fill="${COLOURS[i % COLOURS.length]}"/>`,
      `<line x1="${x(Math.min(...values))}" x2="${x(Math.max(...values))}" y1="${middle}" y2="${middle}" stroke="currentColor" stroke-width="2"/>`,
      `<text x="${(Number(x(Math.max(...values))) + 6).toFixed(1)}" y="${middle + 4}">${short(typical)}</text>`,
    )
  })
  return parts.join('')
}
