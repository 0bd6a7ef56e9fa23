/** A line of a chart: points in the order of x. */
export interface Series {
  readonly name: string
  readonly points: readonly (readonly [x: number, y: number])[]
}

export interface Chart {
  readonly title: string
  /** What y is counted in. */
  readonly unit: string
  readonly series: readonly Series[]
}

export const WIDTH = 760
const HEIGHT = 190
const LEFT = 64
const RIGHT = 150
const TOP = 30
const BOTTOM = 26
/** Told apart also by those who do not see red and green, on light and on dark (Okabe and Ito, https://jfly.uni-koeln.de/color/). */
export const COLOURS = ['#0072b2', '#e69f00', '#009e73', '#cc79a7', '#d55e00', '#56b4e9']

/**
 * Charts below each other over one x axis, as an SVG that follows the light or dark scheme of whoever looks at it.
 *
 * @param caption small, below them
 */
export function drawCharts(charts: readonly Chart[], xUnit: string, caption = ''): string {
  const body = charts.map((chart, i) => `<g transform="translate(0 ${i * HEIGHT})">${draw(chart, xUnit)}</g>`)
  return picture(
    { height: charts.length * HEIGHT, titles: charts.map(({ title }) => title) },
    body.join('\n'),
    caption,
  )
}

/**
 * An SVG of the common width and look.
 *
 * @param of.titles of the charts in it, for those who hear it
 */
export function picture(
  { height, titles }: { readonly height: number; readonly titles: readonly string[] },
  body: string,
  caption: string,
): string {
  const below =
    caption === '' ? '' : `<text x="8" y="${height + 12}" font-size="10">${escapeXml(caption)}</text>\n`
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height + (caption === '' ? 0 : 20)}" font-family="system-ui, sans-serif" font-size="12">
<title>${escapeXml(titles.join('; '))}</title>
<style>text { fill: #24292f } .grid { stroke: #d0d7de } .paper { fill: #ffffff } @media (prefers-color-scheme: dark) { text { fill: #e6edf3 } .grid { stroke: #3d444d } .paper { fill: #0d1117 } }</style>
<rect class="paper" width="100%" height="100%"/>
${body}
${below}</svg>
`
}

function draw({ title, unit, series }: Chart, xUnit: string): string {
  const points = series.flatMap((each) => each.points)
  const mostX = Math.max(1e-9, ...points.map(([x]) => x))
  const step = niceStep(Math.max(1e-9, ...points.map(([, y]) => y)) / 4)
  const mostY = step * Math.max(1, Math.ceil(Math.max(0, ...points.map(([, y]) => y)) / step))
  const x = (value: number): number => LEFT + (value / mostX) * (WIDTH - LEFT - RIGHT)
  const y = (value: number): number => HEIGHT - BOTTOM - (value / mostY) * (HEIGHT - TOP - BOTTOM)
  const parts = [`<text x="${LEFT}" y="16" font-weight="600">${escapeXml(title)}, ${escapeXml(unit)}</text>`]
  for (let value = 0; value <= mostY + step / 2; value += step) {
    parts.push(
      `<line class="grid" x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${y(value).toFixed(1)}" y2="${y(value).toFixed(1)}"/>`,
      `<text x="${LEFT - 6}" y="${(y(value) + 4).toFixed(1)}" text-anchor="end">${short(value)}</text>`,
    )
  }
  const stepX = niceStep(mostX / 6)
  for (let value = 0; value <= mostX; value += stepX) {
    parts.push(
      `<text x="${x(value).toFixed(1)}" y="${HEIGHT - 8}" text-anchor="middle">${short(value)}${value === 0 ? ` ${escapeXml(xUnit)}` : ''}</text>`,
    )
  }
  series.forEach(({ name, points: own }, i) => {
    const colour = COLOURS[i % COLOURS.length]!
    const line = own.map(([px, py]) => `${x(px).toFixed(1)},${y(py).toFixed(1)}`).join(' ')
    parts.push(
      `<polyline fill="none" stroke="${colour}" stroke-width="1.5" points="${line}"/>`,
      `<rect x="${WIDTH - RIGHT + 12}" y="${TOP + i * 18}" width="12" height="3" fill="${colour}"/>`,
      `<text x="${WIDTH - RIGHT + 30}" y="${TOP + 6 + i * 18}">${escapeXml(name)}</text>`,
    )
  })
  return parts.join('')
}

/** A round number of at least this size: 1, 2, 5 or 10 times a power of ten. */
export function niceStep(rough: number): number {
  const power = 10 ** Math.floor(Math.log10(rough))
  return power * ([1, 2, 5].find((times) => times * power >= rough) ?? 10)
}

/** A number in few characters. */
export function short(value: number): string {
  if (Math.abs(value) >= 1e6) return `${Number((value / 1e6).toPrecision(3))}M`
  if (Math.abs(value) >= 1e4) return `${Number((value / 1e3).toPrecision(3))}k`
  return String(Number(value.toPrecision(3)))
}

export function escapeXml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;')
}
