import { Program } from '../test/helpers/program.ts'

/** A `millrace` process that is started again whenever a fault has ended it. */
export class Service {
  readonly name: string
  readonly #args: readonly string[]
  readonly #environment: () => Readonly<Record<string, string>>
  #program: Program | undefined
  #paused = false
  /** A fault has it in its hands: its end is no surprise. */
  #queue: Promise<void> = Promise.resolve()
  #meant = false
  #closed = false

  constructor(name: string, args: readonly string[], environment: () => Readonly<Record<string, string>>) {
    this.name = name
    this.#args = args
    this.#environment = environment
  }

  get running(): boolean {
    return this.#program?.running ?? false
  }

  get pid(): number | undefined {
    return this.#program?.child.pid
  }

  start(): void {
    if (this.running || this.#closed) return
    this.#meant = false
    this.#paused = false
    this.#program = new Program(this.#args, this.#environment())
    // A program that cannot be spawned shows as one that ended.
    this.#program.ended.catch(() => {})
  }

  async end(signal: NodeJS.Signals): Promise<void> {
    const program = this.#program
    if (!program?.running) return
    this.#meant = true
    program.child.kill(signal)
    if (signal !== 'SIGKILL') this.resume()
    const timer = setTimeout(() => program.child.kill('SIGKILL'), 15_000)
    await program.ended
    clearTimeout(timer)
  }

  /** Ends it for good: a fault that is still under way does not start it again. */
  async close(): Promise<void> {
    this.#closed = true
    this.resume()
    await this.end('SIGTERM')
  }

  pause(): void {
    this.#paused = true
    this.#program?.child.kill('SIGSTOP')
  }

  resume(): void {
    if (this.#paused) this.#program?.child.kill('SIGCONT')
    this.#paused = false
  }

  /** What it said at its end, when nobody had ended it. */
  get surprise(): string | undefined {
    if (!this.#program || this.#program.running || this.#meant) return undefined
    const { exitCode, signalCode } = this.#program.child
    return `the ${this.name} ended by itself (${exitCode ?? signalCode}): ${this.lastLines(3)}`
  }

  lastLines(count: number): string {
    const { stderr = '', stdout = '' } = this.#program ?? {}
    return `${stdout}${stderr}`.trimEnd().split('\n').slice(-count).join('\n')
  }

  /** Faults on one service come one after the other. */
  exclusively<T>(doing: () => Promise<T>): Promise<T> {
    const done = this.#queue.then(doing)
    this.#queue = done.then(
      () => {},
      () => {},
    )
    return done
  }
}
