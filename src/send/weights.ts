/** How often each of several things is chosen, in relation to the others; at least one is above 0. */
export type Weights<N extends string> = Readonly<Record<N, number>>

/**
 * Chooses by weight.
 *
 * @param random a number from 0 up to 1
 */
export function pick<N extends string>(weights: Weights<N>, random: number): N {
  const entries = Object.entries(weights) as [N, number][]
  let left = random * entries.reduce((sum, [, weight]) => sum + weight, 0)
  for (const [name, weight] of entries) {
    left -= weight
    if (left < 0) return name
  }
  // Rounding: the last one that can be chosen at all.
  return entries.findLast(([, weight]) => weight > 0)![0]
}
