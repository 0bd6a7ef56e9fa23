import { appendFileSync } from 'node:fs'
import { registerHooks } from 'node:module'

// Loaded before a program (node --import): writes down each module of OpenTelemetry that it loads, with the command that does.
const file = process.env.MILLRACE_TEST_MODULES
if (file) {
  registerHooks({
    resolve(specifier, context, next) {
      const resolved = next(specifier, context)
      if (resolved.url.includes('/node_modules/@opentelemetry/'))
        appendFileSync(file, `${process.argv[2]} ${resolved.url}\n`)
      return resolved
    },
  })
}
