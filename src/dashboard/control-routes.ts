import type { App } from '../http/server.ts'
import type { ProducerClient } from './producer-client.ts'

/** What can be steered, and where the producer takes it. */
const CONTROLS = {
  mode: { to: '/config/mode', summary: 'Change the mode of the producer' },
  speed: { to: '/config/speed', summary: 'Let the producer generate so many events a second' },
  shares: { to: '/config/shares', summary: 'Change what part of the messages of the producer is what' },
  burst: { to: '/generate/burst', summary: 'Let the producer generate events at once' },
  pause: { to: '/generate/pause', summary: 'Stop the generator of the producer' },
  resume: { to: '/generate/resume', summary: 'Let the generator of the producer go on' },
} as const

/**
 * Adds the dashboard's controls. The producer answers at another origin, which a browser would not let the page use; so the
 * consumer passes requests on and answers what the producer answered.
 */
export function controlRoutes(app: App, producer: ProducerClient): void {
  for (const [name, { to, summary }] of Object.entries(CONTROLS)) {
    const description = `Passed on to ${to} of the producer, with its parameters and its answer.`
    app.post(`/control/${name}`, { schema: { summary, description } }, async (request, reply) => {
      const query = request.url.indexOf('?')
      const { status, body } = await producer.post(
        query === -1 ? to : `${to}${request.url.slice(query)}`,
        request.body,
      )
      return reply.code(status).send(body)
    })
  }
}
