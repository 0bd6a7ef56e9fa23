/**
 * Where this machine reaches a service that listens on a host and port, without a slash at the end. An address that stands
 * for all of them is no address to call.
 */
export function urlOf(host: string, port: number): string {
  const name = host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host
  return `http://${name.includes(':') ? `[${name}]` : name}:${port}`
}
