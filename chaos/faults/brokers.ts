import { setTimeout as sleep } from 'node:timers/promises'
import { type Fault, seconds } from '../fault.ts'

const onKafka = ({ brokers }: { brokers: number }): boolean => brokers > 0

export const BROKERS: readonly Fault[] = [
  {
    name: 'kill-broker',
    about: 'SIGKILL to a broker, which is started again',
    possible: onKafka,
    draw(random, { brokers }) {
      const [id, awayMs] = [1 + random.below(brokers), Math.round(2_000 * random.next() ** 2)]
      return {
        text: `kill broker ${id}, away ${seconds(awayMs)}`,
        run: (stage) => stage.kafka!.kill(id, () => sleep(awayMs)),
      }
    },
  },
  {
    name: 'pause-broker',
    about: 'SIGSTOP, later SIGCONT, to a broker',
    possible: onKafka,
    draw(random, { brokers }) {
      const [id, forMs] = [1 + random.below(brokers), Math.round(8_000 * random.next() ** 2)]
      return {
        text: `pause broker ${id} for ${seconds(forMs)}`,
        run: (stage) => stage.kafka!.pause(id, () => sleep(forMs)),
      }
    },
  },
  {
    name: 'log-away',
    isLong: true,
    about:
      'all brokers are ended, for longer than a producer tries to send: the rest is sent again with `millrace resend`',
    possible: onKafka,
    draw(random, { brokers }) {
      const awayMs = Math.round(random.between(5_000, 8_000))
      return {
        text: `all brokers are away for ${seconds(awayMs)}`,
        run: async (stage) => {
          const ids = Array.from({ length: brokers }, (_, i) => i + 1)
          await Promise.all(ids.map((id) => stage.kafka!.kill(id, () => sleep(awayMs))))
        },
      }
    },
  },
]
