/** How often each of several things is chosen, in relation to the others; at least one is above 0. */
export type Weights<N extends string> = Readonly<Record<N, number>>

/**
 * Chooses by weight.
 *
 * @param random a number from 0 up to 1
 */
export function pick<N extends string>(weights: Weights<N>, random: number): N {
  let total = 0
  for (const name in weights) total += weights[name]
  let left = random * total
  // Rounding may leave a little at the end: then it is the last one that can be chosen at all.
  let chosen!: N
  for (const name in weights) {
    if (weights[name] <= 0) continue
    chosen = name
    left -= weights[name]
    if (left < 0) break
  }
  return chosen
}
