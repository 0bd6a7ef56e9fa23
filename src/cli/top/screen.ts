import { Progress } from '../progress.ts'

/** https://invisible-island.net/xterm/ctlseqs/ctlseqs.html: the alternate screen, and an empty one with the cursor at its top. */
const ENTER = '\x1b[?1049h'
const LEAVE = '\x1b[?1049l'
const CLEAR = '\x1b[2J\x1b[H'

/** Ctrl-C among them, which is a key like others there. */
const QUIT: ReadonlySet<string> = new Set(['q', 'Q', '\x03'])

export interface ScreenOptions {
  readonly stdin: NodeJS.ReadStream
  readonly stdout: NodeJS.WriteStream
  /** Somebody asks to end it: q, Q or Ctrl-C. */
  readonly onQuit: () => void
  /** The terminal has another size; what was shown is gone. */
  readonly onResize: () => void
}

/** A terminal's whole screen, which is given back as it was. */
export class Screen implements Disposable {
  readonly #options: ScreenOptions
  readonly #progress: Progress

  constructor(options: ScreenOptions) {
    this.#options = options
    const { stdin, stdout } = options
    this.#progress = new Progress(stdout)
    stdout.write(`${ENTER}${CLEAR}`)
    stdout.on('resize', this.#resized)
    if (!stdin.isTTY) return
    // Key by key, and without an echo.
    stdin.setRawMode(true)
    stdin.on('data', this.#pressed).resume()
  }

  get columns(): number {
    return this.#options.stdout.columns
  }

  /** Lines that can be shown; the cursor stands in the one below. */
  get rows(): number {
    return this.#options.stdout.rows - 1
  }

  show(text: string): void {
    this.#progress.show(text)
  }

  [Symbol.dispose](): void {
    const { stdin, stdout } = this.#options
    stdout.off('resize', this.#resized)
    this.#progress.keep()
    stdout.write(LEAVE)
    if (!stdin.isTTY) return
    stdin.setRawMode(false)
    stdin.off('data', this.#pressed).pause()
  }

  readonly #resized = (): void => {
    // Terminals move lines about when they change; whatever became of them goes.
    this.#progress.keep()
    this.#options.stdout.write(CLEAR)
    this.#options.onResize()
  }

  readonly #pressed = (keys: Buffer): void => {
    if ([...keys.toString('latin1')].some((key) => QUIT.has(key))) this.#options.onQuit()
  }
}
