import { setTimeout as sleep } from 'node:timers/promises'
import { type Fault, seconds } from '../fault.ts'

export const DISK: readonly Fault[] = [
  {
    name: 'disk-full',
    about:
      'the disk of the data directory is filled to the last byte, and freed again; needs the right to mount',
    possible: ({ disk }) => disk === 'small',
    draw(random) {
      const forMs = Math.round(random.between(300, 6_000))
      return {
        text: `the disk is full for ${seconds(forMs)}`,
        run: async ({ data }) => {
          await data.fill()
          await sleep(forMs)
          await data.free()
        },
      }
    },
  },
]
