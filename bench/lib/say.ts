/** A line for whoever runs a benchmark. */
export function say(text: string): void {
  process.stdout.write(`${text}\n`)
}

export function thousands(perSecond: number): string {
  return `${(perSecond / 1_000).toFixed(1)}k`
}
