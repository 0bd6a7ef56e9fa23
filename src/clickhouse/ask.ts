import { request } from 'node:http'

export type Answer = 'up' | 'refused' | 'silent' | 'down'

/** Longer than a server under load takes for a trivial query. */
const ANSWER_WITHIN_MS = 5_000

/**
 * Asks whether the server on this port is the one of this data directory and takes these credentials. The directory
 * matters: the port of a server that ended may belong to another one now.
 *
 * - `up`: it is.
 * - `refused`: a ClickHouse server answers, and does not take the credentials.
 * - `silent`: something takes the connection and does not answer in time: a busy server, or no server.
 * - `down`: nothing listens, or what listens is something else.
 */
export function askServer(
  port: number,
  credentials: { readonly user: string; readonly password: string },
  storePath: string,
): Promise<Answer> {
  const query = `SELECT path = {path:String} FROM system.disks WHERE name = 'default'`
  const parameters = new URLSearchParams({ query, param_path: `${storePath}/` })
  return new Promise((resolve) => {
    const asking = request(
      {
        host: '127.0.0.1',
        port,
        path: `/?${parameters}`,
        auth: `${credentials.user}:${credentials.password}`,
        agent: false,
        timeout: ANSWER_WITHIN_MS,
      },
      (response) => {
        let body = ''
        response.setEncoding('utf8').on('data', (text: string) => {
          if (body.length < 1_000) body += text
        })
        response.on('error', () => resolve('down'))
        response.on('end', () => {
          if (response.statusCode === 200) resolve(body.trim() === '1' ? 'up' : 'down')
          else resolve(/^Code: (516|192|193)\b/.test(body) ? 'refused' : 'down')
        })
      },
    )
    asking.on('timeout', () => {
      resolve('silent')
      asking.destroy()
    })
    asking.on('error', () => resolve('down'))
    asking.end()
  })
}
