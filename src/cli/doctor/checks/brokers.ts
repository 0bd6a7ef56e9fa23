import { count } from '../../../observe/words.ts'
import type { Check } from '../check.ts'
import { refusingAddresses } from '../reach.ts'

/** Whether the brokers answer, take the credentials, can be reached where they say that they are, and are new enough. */
export const brokersCheck: Check = {
  name: 'brokers',
  withinMs: 15_000,
  async run({ config, brokers: seen }) {
    if (config.kafkaBrokers === '') return null
    const { brokers, version, isNewEnough } = await seen()
    const many = brokers.length === 1 ? '1 broker' : `${count(brokers.length)} brokers`
    const detail = `${many} of ${config.kafkaBrokers}, version ${version}`
    if (!isNewEnough) return { state: 'fail', detail, mend: 'Kafka 3.5 or later is needed.' }
    const lost = brokers.find(({ problem }) => problem !== null)
    if (lost) {
      return {
        state: 'fail',
        detail: `broker ${lost.id} says that it is at ${lost.address}, and is not reached there: ${lost.problem}`,
        mend: 'Start it, or set its advertised.listeners to an address that this machine reaches.',
      }
    }
    const refusing = await refusingAddresses(config.kafkaBrokers)
    if (refusing.length > 0) {
      return {
        state: 'warn',
        detail: `${detail}, but nothing answers at ${refusing.join(', ')}`,
        mend: 'Mend or remove these addresses in MILLRACE_KAFKA_BROKERS.',
      }
    }
    return { state: 'ok', detail }
  },
}
