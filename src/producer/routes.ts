import { Type } from 'typebox'
import { documented } from '../http/documented.ts'
import { HttpError } from '../http/http-error.ts'
import {
  enumParameter,
  integerParameter,
  numberParameter,
  optional,
  readParameters,
} from '../http/parameters.ts'
import type { App } from '../http/server.ts'
import { MODES } from './generator/modes.ts'
import type { Producer } from './producer.ts'
import { ModeSchema, PartitioningSchema, ProducerStatus, SharesSchema, StrategiesSchema } from './status.ts'

export interface ProducerRoutes {
  readonly producer: Producer
  readonly status: () => ProducerStatus
}

const SPEED = {
  eps: numberParameter({
    min: 0,
    max: 1_000_000,
    description: "Events a second, instead of the mode's rate; 0 gives it back to the mode.",
  }),
}
const MODE = { mode: enumParameter(MODES, { description: 'How many events are generated.' }) }
const BURST = {
  count: integerParameter({ min: 1, max: 10_000_000, description: 'Events to generate at once.' }),
}

const share = (description: string) => optional(numberParameter({ min: 0, max: 1, description }))
const SHARES = {
  bounces: share('The share of bounces among messages that are no repeats.'),
  invalid: share('The share of messages that are no page view.'),
  repeats: share('The share of messages that repeat an earlier one.'),
}

const weight = (description: string) => optional(numberParameter({ min: 0, max: 1_000_000, description }))
const PARTITIONING = {
  page: weight('By a hash of the page.'),
  'round-robin': weight('Each partition in turn.'),
  random: weight('Any partition.'),
}
const STRATEGIES = {
  sync: weight('Awaited one by one.'),
  async: weight('Many in flight.'),
  batch: weight('Gathered into batches.'),
}

const Pace = Type.Object({
  mode: ModeSchema,
  speed_eps: Type.Number({ description: 'events a second now' }),
  speed_override: Type.Union([Type.Number(), Type.Null()]),
  generating: Type.Boolean(),
})
const Accepted = Type.Object({
  accepted: Type.Integer({ description: 'events that will be generated, as room in the buffer appears' }),
  burst_left: Type.Integer(),
})

/** The producer's part of the HTTP API: what it does, and how to steer it while it runs. */
export function producerRoutes(app: App, { producer, status }: ProducerRoutes): void {
  const pace = () => {
    const { mode, speed_eps, speed_override, generating } = status()
    return { mode, speed_eps, speed_override, generating }
  }

  app.get(
    '/status',
    { schema: documented({ summary: 'What the producer does', response: ProducerStatus }) },
    () => status(),
  )

  app.post(
    '/config/speed',
    {
      schema: documented({ summary: 'Generate so many events a second', parameters: SPEED, response: Pace }),
    },
    (request) => {
      const { eps } = readParameters(SPEED, request)
      producer.setSpeed(eps === 0 ? null : eps)
      return pace()
    },
  )

  app.post(
    '/config/mode',
    { schema: documented({ summary: 'Change the mode', parameters: MODE, response: Pace }) },
    (request) => {
      producer.setMode(readParameters(MODE, request).mode)
      return pace()
    },
  )

  app.post(
    '/config/shares',
    {
      schema: documented({
        summary: 'Change what part of the messages is what; those left out stay as they are',
        parameters: SHARES,
        response: SharesSchema,
      }),
    },
    (request) => {
      const shares = merge(producer.shares, readParameters(SHARES, request))
      if (shares.bounces + shares.invalid > 1) {
        throw invalid(
          `bounces ${shares.bounces} and invalid ${shares.invalid} are not allowed: together 1 at most`,
        )
      }
      producer.setShares(shares)
      return producer.shares
    },
  )

  app.post(
    '/config/partitioning',
    {
      schema: documented({
        summary: 'Change how partitions are chosen, by weight; those left out stay as they are',
        parameters: PARTITIONING,
        response: PartitioningSchema,
      }),
    },
    (request) => {
      producer.setPartitioning(weights(producer.partitioning, readParameters(PARTITIONING, request)))
      return producer.partitioning
    },
  )

  app.post(
    '/config/strategies',
    {
      schema: documented({
        summary: 'Change how events are sent, by weight; those left out stay as they are',
        parameters: STRATEGIES,
        response: StrategiesSchema,
      }),
    },
    (request) => {
      producer.setStrategies(weights(producer.strategies, readParameters(STRATEGIES, request)))
      return producer.strategies
    },
  )

  app.post(
    '/generate/burst',
    { schema: documented({ summary: 'Generate events at once', parameters: BURST, response: Accepted }) },
    (request) => {
      const { count } = readParameters(BURST, request)
      producer.burst(count)
      return { accepted: count, burst_left: producer.burstLeft }
    },
  )

  app.post(
    '/generate/pause',
    { schema: documented({ summary: 'Stop the generator; bursts still can be asked for', response: Pace }) },
    () => {
      producer.pause()
      return pace()
    },
  )

  app.post(
    '/generate/resume',
    { schema: documented({ summary: 'Let the generator go on', response: Pace }) },
    () => {
      producer.resume()
      return pace()
    },
  )
}

/** What was given, over what there was. */
function merge<T extends object>(before: T, given: object): T {
  const changes = Object.entries(given).filter(([, value]) => value !== undefined)
  if (changes.length === 0) {
    throw new HttpError(
      400,
      'missing_parameter',
      `nothing to change: give one of ${Object.keys(before).join(', ')}`,
    )
  }
  return { ...before, ...Object.fromEntries(changes) }
}

function weights<T extends Readonly<Record<string, number>>>(before: T, given: object): T {
  const merged = merge(before, given)
  if (Object.values(merged).every((weight) => weight === 0)) {
    throw invalid(`${Object.keys(merged).join(', ')}: all 0 is not allowed: give one of them a weight`)
  }
  return merged
}

function invalid(message: string): HttpError {
  return new HttpError(400, 'invalid_parameter', message)
}
