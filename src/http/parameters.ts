import { quote, shorten } from '../event/quote.ts'
import { parseTimestamp } from '../event/timestamp.ts'
import { HttpError } from './http-error.ts'

export type JsonSchema = Readonly<Record<string, unknown>>

/** A parameter of a route. It may come in the query or in a JSON body, under the same name. */
export interface ParameterSpec<T> {
  /** How the OpenAPI document describes it. */
  readonly schema: JsonSchema
  /** What is allowed, as the end of a sentence: `give a number from 0 to 100`. */
  readonly allowed: string
  /** What stands for it when it is not given; without this it must be given. */
  readonly absent?: { readonly value: T }
  /** The value of a text of the query or of a value of the body; undefined when it is not allowed. */
  read(given: unknown): T | undefined
}

export type ParameterSpecs = Readonly<Record<string, ParameterSpec<unknown>>>

/** What `readParameters` gives for some specs. */
export type ParameterValues<Specs extends ParameterSpecs> = {
  readonly [Name in keyof Specs]: Specs[Name] extends ParameterSpec<infer Value> ? Value : never
}

export interface NumberLimits {
  /** The smallest number allowed. */
  min: number
  /** The biggest number allowed. */
  max: number
  description: string
}

export interface TextLimits {
  /** In UTF-16 code units, as JavaScript counts; at least one is needed. */
  maxLength: number
  description: string
}

// Number() would also take '', ' 5', '0x10' and '1e3', which are more often slips than meant.
const DECIMAL = /^-?(?:0|[1-9]\d*)(?:\.\d+)?$/

export function numberParameter({ min, max, description }: NumberLimits): ParameterSpec<number> {
  return {
    schema: { type: 'number', minimum: min, maximum: max, description },
    allowed: `give a number from ${min} to ${max}`,
    read: (given) => {
      const value = decimal(given)
      return value !== undefined && value >= min && value <= max ? value : undefined
    },
  }
}

export function integerParameter({ min, max, description }: NumberLimits): ParameterSpec<number> {
  return {
    schema: { type: 'integer', minimum: min, maximum: max, description },
    allowed: `give a whole number from ${min} to ${max}`,
    read: (given) => {
      const value = decimal(given)
      return Number.isSafeInteger(value) && value! >= min && value! <= max ? value : undefined
    },
  }
}

export function booleanParameter({ description }: { description: string }): ParameterSpec<boolean> {
  return {
    schema: { type: 'boolean', description },
    allowed: 'give true or false',
    read: (given) => {
      if (given === true || given === 'true') return true
      return given === false || given === 'false' ? false : undefined
    },
  }
}

export function enumParameter<const Value extends string>(
  values: readonly Value[],
  { description }: { description: string },
): ParameterSpec<Value> {
  return {
    schema: { type: 'string', enum: values, description },
    allowed: `give one of ${values.join(', ')}`,
    read: (given) => values.find((value) => value === given),
  }
}

export function textParameter({ maxLength, description }: TextLimits): ParameterSpec<string> {
  return {
    schema: { type: 'string', minLength: 1, maxLength, description },
    allowed: `give a text of 1 to ${maxLength} characters`,
    read: (given) => {
      if (typeof given !== 'string' || !given.isWellFormed()) return undefined
      return given.length >= 1 && given.length <= maxLength ? given : undefined
    },
  }
}

/** A moment, as milliseconds since the epoch. */
export function timestampParameter({ description }: { description: string }): ParameterSpec<number> {
  return {
    schema: { type: 'string', format: 'date-time', description },
    allowed:
      'give a date and time of ISO 8601 with its zone, like 2026-11-23T05:00:00Z (a + is written %2B in an address)',
    read: (given) => (typeof given === 'string' ? parseTimestamp(given) : undefined),
  }
}

/** The parameter, but it need not be given: then its value is the fallback, or undefined when there is none. */
export function optional<T>(spec: ParameterSpec<T>): ParameterSpec<T | undefined>
export function optional<T>(spec: ParameterSpec<T>, fallback: NoInfer<T>): ParameterSpec<T>
export function optional<T>(spec: ParameterSpec<T>, fallback?: T): ParameterSpec<T | undefined> {
  const schema = fallback === undefined ? spec.schema : { ...spec.schema, default: fallback }
  return { ...spec, schema, absent: { value: fallback } }
}

/**
 * The parameters of a request, from its query and its JSON body together.
 *
 * @throws HttpError 400, naming the parameter, its value and what is allowed
 */
export function readParameters<Specs extends ParameterSpecs>(
  specs: Specs,
  request: { readonly query: unknown; readonly body?: unknown },
): ParameterValues<Specs> {
  const sources = [asObject(request.query), asObject(request.body)]
  for (const name of sources.flatMap(Object.keys)) {
    if (!Object.hasOwn(specs, name)) throw unknownParameter(name, Object.keys(specs))
  }
  const values = Object.entries(specs).map(([name, spec]) => {
    const given = sources.filter((source) => Object.hasOwn(source, name)).map((source) => source[name])
    return [name, readOne(name, spec, given)]
  })
  return Object.fromEntries(values)
}

/** The schema of the query of a route that takes these parameters, for its documentation. */
export function querySchema(specs: ParameterSpecs): JsonSchema {
  const required = Object.keys(specs).filter((name) => specs[name]!.absent === undefined)
  return { ...bodySchema(specs), ...(required.length > 0 && { required }) }
}

/** The same for a JSON body. Nothing is required in it, since everything may come in the query. */
export function bodySchema(specs: ParameterSpecs): JsonSchema {
  const properties = Object.fromEntries(Object.entries(specs).map(([name, spec]) => [name, spec.schema]))
  return { type: 'object', properties, additionalProperties: false }
}

/** @param given the values from the query and from the body, each where there is one */
function readOne<T>(name: string, spec: ParameterSpec<T>, given: readonly unknown[]): T {
  if (given.length === 0) {
    if (spec.absent) return spec.absent.value
    throw new HttpError(400, 'missing_parameter', `${name} is missing: ${spec.allowed}`)
  }
  const [value, other = value] = given.map((each) => readValue(name, spec, each)) as [T, T?]
  if (value === other) return value
  throw invalid(`${name}: ${given.map(quote).join(' in the query and ')} in the body: give it once`)
}

function readValue<T>(name: string, spec: ParameterSpec<T>, given: unknown): T {
  const value = spec.read(given)
  if (value !== undefined) return value
  throw invalid(`${name}: ${show(given)} is not allowed: ${spec.allowed}`)
}

/** A list is what the query gives for a name that is there more than once. */
function show(given: unknown): string {
  return Array.isArray(given) && given.length <= 5 ? `[${given.map(quote).join(', ')}]` : quote(given)
}

function asObject(source: unknown): Readonly<Record<string, unknown>> {
  if (source === undefined) return {}
  if (typeof source === 'object' && source !== null && !Array.isArray(source)) {
    return source as Record<string, unknown>
  }
  throw new HttpError(400, 'invalid_body', `The body is ${quote(source)}: send a JSON object of parameters.`)
}

function decimal(given: unknown): number | undefined {
  const value = typeof given === 'string' && DECIMAL.test(given) ? Number(given) : given
  if (typeof value !== 'number') return undefined
  // There is a -0, and it is not what anybody means: 1 / -0 is -Infinity.
  return value === 0 ? 0 : value
}

function unknownParameter(name: string, known: readonly string[]): HttpError {
  const allowed = known.length === 0 ? 'none are taken here' : `give ${known.join(', ')}`
  return new HttpError(400, 'unknown_parameter', `${shorten(name)}: there is no such parameter: ${allowed}`)
}

function invalid(message: string): HttpError {
  return new HttpError(400, 'invalid_parameter', message)
}
