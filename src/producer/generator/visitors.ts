import { Random } from '../../random.ts'
import { USER_AGENTS } from './user-agents.ts'
import { Zipf } from './zipf.ts'

/** Somebody who looks at pages, and comes back. Empty where it is not known. */
export interface Visitor {
  readonly userId: string
  readonly userAgent: string
  readonly ipAddress: string
  readonly region: string
}

const POPULATION = 5_000

/** Regions and how many of a hundred visitors are there; the last ones' is not known. */
const REGIONS = [
  ['EU', 34],
  ['US', 28],
  ['ASIA', 20],
  ['SA', 8],
  ['AFRICA', 5],
  ['OCEANIA', 3],
  ['', 2],
] as const

/** The visitors of a seed. Some come often, most seldom. */
export class Visitors {
  readonly #visitors: readonly Visitor[]
  readonly #popularity = new Zipf(POPULATION, 0.6)

  constructor(seed: number) {
    const random = new Random(seed)
    const agents = new Zipf(USER_AGENTS.length, 0.8)
    this.#visitors = Array.from({ length: POPULATION }, (_, i) => ({
      userId: `u-${i + 1}`,
      userAgent: random.next() < 0.02 ? '' : USER_AGENTS[agents.next(random)]!,
      ipAddress: address(random),
      region: region(random),
    }))
  }

  next(random: Random): Visitor {
    return this.#visitors[this.#popularity.next(random)]!
  }
}

function region(random: Random): string {
  let left = random.below(100)
  for (const [name, share] of REGIONS) {
    left -= share
    if (left < 0) return name
  }
  return ''
}

/** Out of the ranges for documentation (RFC 5737, RFC 3849), so that they are nobody's; a few are not known. */
function address(random: Random): string {
  const kind = random.next()
  if (kind < 0.03) return ''
  if (kind < 0.35) {
    const group = () => random.below(0x10000).toString(16)
    return `2001:db8:${group()}:${group()}::${group()}`
  }
  return `${random.pick(['192.0.2', '198.51.100', '203.0.113'])}.${1 + random.below(254)}`
}
