import { execFile } from 'node:child_process'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'

/** The paths of a certificate, its key, and both in one file, as Kafka's brokers take them; all PEM. */
export interface Certificate {
  readonly cert: string
  readonly key: string
  readonly both: string
}

/** An authority that was just made, which signs what the test needs. */
export class Authority {
  readonly cert: string
  readonly #key: string
  readonly #directory: string

  private constructor(directory: string, name: string) {
    this.#directory = directory
    this.cert = join(directory, `${name}.crt`)
    this.#key = join(directory, `${name}.key`)
  }

  static async create(directory: string, name: string): Promise<Authority> {
    const authority = new Authority(directory, name)
    await openssl(
      ...['req', '-x509', '-days', '2', '-subj', `/CN=${name}`, ...NEW_KEY],
      ...['-keyout', authority.#key, '-out', authority.cert],
    )
    return authority
  }

  /** @param hosts what a server is called, such as IP:127.0.0.1 */
  async sign(name: string, hosts = 'IP:127.0.0.1'): Promise<Certificate> {
    const [key, cert, both] = ['key', 'crt', 'pem'].map((end) => join(this.#directory, `${name}.${end}`))
    await openssl(
      ...[
        'req',
        '-x509',
        '-days',
        '2',
        '-subj',
        `/CN=${name}`,
        ...NEW_KEY,
        '-CA',
        this.cert,
        '-CAkey',
        this.#key,
      ],
      ...['-addext', 'basicConstraints=critical,CA:FALSE', '-addext', `subjectAltName=${hosts}`],
      ...['-keyout', key!, '-out', cert!],
    )
    await writeFile(both!, (await readFile(key!, 'utf8')) + (await readFile(cert!, 'utf8')))
    return { key: key!, cert: cert!, both: both! }
  }
}

const NEW_KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']

async function openssl(...args: readonly string[]): Promise<void> {
  await promisify(execFile)('openssl', args)
}
