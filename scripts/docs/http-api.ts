import { consumerRoutes } from '../../src/consumer/routes.ts'
import { deadLetterRoutes } from '../../src/dead-letters/routes.ts'
import { type App, startHttpServer } from '../../src/http/server.ts'
import { silentLogger } from '../../src/observe/logger.ts'
import { producerRoutes } from '../../src/producer/routes.ts'
import { markdownTable } from './table.ts'

interface Parameter {
  name: string
  required?: boolean
  description?: string
  schema: Schema
}

interface Schema {
  type?: string
  description?: string
  minimum?: number
  maximum?: number
  enum?: string[]
  format?: string
  default?: unknown
  maxLength?: number
  properties?: Record<string, Schema>
  items?: Schema
  anyOf?: Schema[]
}

interface Operation {
  summary: string
  description?: string
  parameters?: Parameter[]
  requestBody?: { content: Record<string, { schema: Schema }> }
  responses: Record<string, { content?: Record<string, { schema: Schema }> }>
}

/** docs/http-api.md, out of what the services say of themselves at /openapi.json. */
export async function httpApiPage(): Promise<string> {
  // Nothing is asked but what there is, so the routes need nothing behind them.
  const producer = await operations('producer', (app) => producerRoutes(app, {} as never))
  const consumer = await operations('consumer', (app) => {
    consumerRoutes(app, {} as never)
    deadLetterRoutes(app, {} as never)
  })
  return `# HTTP API

The producer answers at port 8080, the consumer at port 8081, both on 127.0.0.1 unless told otherwise. Each describes itself at
\`/openapi.json\` (OpenAPI 3).

Parameters may come in the query or in a JSON object as the body, under the same names. What is not allowed, missing or unknown
is a 400, and every error looks alike and names the parameter, its value and what is allowed:

\`\`\`json
{ "error": { "code": "invalid_parameter", "message": "eps: \\"-5\\" is not allowed: give a number from 0 to 1000000" } }
\`\`\`

| status | when                                                                                                   |
| ------ | ------------------------------------------------------------------------------------------------------ |
| 400    | a parameter or a body is wrong                                                                         |
| 401    | a token is set (\`MILLRACE_API_TOKEN\`) and \`Authorization: Bearer …\` does not bring it; not for /health |
| 403    | a page of another site asks for a change                                                               |
| 404    | there is nothing at this path                                                                          |
| 405    | not with this method; \`Allow\` says with which                                                          |
| 413    | the body is larger than 1 MB                                                                           |
| 415    | the body is of another kind than is read here                                                          |
| 421    | the service is asked under a name that could be somebody else's: SECURITY.md                           |
| 429    | too many changes, or wrong tokens, of one client in a minute; \`Retry-After\` says when to come back     |
| 503    | the store does not answer; try again                                                                   |

# Producer

${producer}

# Consumer

${consumer}
`
}

async function operations(name: string, routes: (app: App) => void): Promise<string> {
  await using server = await startHttpServer({
    ...{
      name,
      host: '127.0.0.1',
      port: 0,
      portSetting: '',
      token: '',
      insecure: false,
      logger: silentLogger(),
    },
    health: () => ({ healthy: true, reasons: [] }),
    metrics: async () => ({ contentType: 'text/plain', body: '' }),
    routes,
  })
  const response = await fetch(`${server.url}/openapi.json`)
  const { paths } = (await response.json()) as { paths: Record<string, Record<string, Operation>> }
  return Object.entries(paths)
    .flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, operation]) => describe(method, path, operation)),
    )
    .join('\n\n')
}

function describe(method: string, path: string, operation: Operation): string {
  const { summary, description, responses } = operation
  const parameters = parametersOf(operation)
  const sections = [
    `## \`${method.toUpperCase()} ${path}\``,
    `${summary}.${description ? ` ${description}` : ''}`,
  ]
  if (parameters.length > 0) {
    const rows = parameters.map(({ name, required, schema, description: text }) => [
      `\`${name}\``,
      allowed(schema),
      required ? 'required' : schema.default === undefined ? '' : `\`${schema.default}\``,
      text ?? schema.description ?? '',
    ])
    sections.push(markdownTable(['parameter', 'allowed', 'default', 'meaning'], rows))
  }
  const answer = Object.values(responses['200']?.content ?? {})[0]?.schema
  const fields = answer ? fieldsOf(answer) : []
  if (fields.length > 0) sections.push('Answer:', markdownTable(['field', 'type', 'meaning'], fields))
  return sections.join('\n\n')
}

/** What stands in the query is in the body too, where there is one of JSON; long texts are in the body only. */
function parametersOf({ parameters = [], requestBody }: Operation): Parameter[] {
  const properties = requestBody?.content['application/json']?.schema.properties
  if (!properties) return parameters
  return Object.entries(properties).map(
    ([name, schema]) => parameters.find((parameter) => parameter.name === name) ?? { name, schema },
  )
}

function allowed({ type, minimum, maximum, enum: values, format, maxLength }: Schema): string {
  if (values) return values.map((value) => `\`${value}\``).join(', ')
  if (format === 'date-time') return 'date and time, ISO 8601 with zone'
  if (minimum !== undefined)
    return `${type === 'integer' ? 'whole number' : 'number'}, ${minimum} to ${maximum}`
  return maxLength === undefined ? (type ?? '') : `text of 1 to ${maxLength} characters`
}

function fieldsOf(schema: Schema, prefix = ''): string[][] {
  return Object.entries(schema.properties ?? {}).flatMap(([name, field]) => {
    const path = `${prefix}${name}`
    const inner = field.items ?? field.anyOf?.find(({ type }) => type === 'object') ?? field
    const row = [`\`${path}\``, typeOf(field), field.description ?? '']
    return [row, ...fieldsOf(inner, field.items ? `${path}[].` : `${path}.`)]
  })
}

function typeOf({ type, anyOf, items, format, enum: values }: Schema): string {
  if (anyOf) return [...new Set(anyOf.map(typeOf))].join(' or ')
  if (items) return `list of ${typeOf(items)}`
  if (format === 'date-time') return 'date and time'
  if (values) return values.map((value) => JSON.stringify(value)).join(' or ')
  return type ?? 'text'
}
