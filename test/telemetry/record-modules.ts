import { appendFileSync } from 'node:fs'
import { registerHooks } from 'node:module'

// Loaded before a program (node --import): writes down each module of OpenTelemetry's SDK that it loads, with the command that does.
// Its API is no part of the SDK: prom-client has it, and it does nothing by itself.
const file = process.env.MILLRACE_TEST_MODULES
if (file) {
  registerHooks({
    resolve(specifier, context, next) {
      const resolved = next(specifier, context)
      if (/\/node_modules\/@opentelemetry\/(?!api\/)/.test(resolved.url))
        appendFileSync(file, `${process.argv[2]} ${resolved.url}\n`)
      return resolved
    },
  })
}
