// Ends with status 0 when the service of this container says that it is well, or both do.
const ports = [process.env.MILLRACE_PRODUCER_PORT || 8080, process.env.MILLRACE_CONSUMER_PORT || 8081]
const answers = await Promise.allSettled(ports.map((port) => fetch(`http://127.0.0.1:${port}/health`)))
const listening = answers.filter(({ status }) => status === 'fulfilled').map(({ value }) => value)
process.exitCode = listening.length > 0 && listening.every(({ ok }) => ok) ? 0 : 1
