import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import { promisify } from 'node:util'
import { REJECT_REASONS } from '../../src/event/outcome.ts'
import { commands } from '../helpers/commands.ts'
import { run } from '../helpers/program.ts'
import { missing, onTerminal } from '../helpers/terminal.ts'

const program = commands()
const COMMANDS = [...program.commands.map((command) => command.name()), 'help']
const below = (name: string) => program.commands.find((command) => command.name() === name)!
const DEAD_LETTERS = [...below('dead-letters').commands.map((command) => command.name()), 'help']
const long = (name: string) => [...below(name).options.map((option) => option.long!), '--help']
const FILES = ['access log.gz', 'other.log']

/** What stands on the line, and what there is to go on with. In the directory are two files and a directory. */
const LINES: readonly (readonly [line: string, words: readonly string[]])[] = [
  ['millrace ', COMMANDS],
  ['millrace dead-letters ', DEAD_LETTERS],
  ['millrace replay --', long('replay')],
  ['millrace sql --', long('sql')],
  ['millrace dead-letters list --reason ', Object.keys(REJECT_REASONS)],
  ['millrace start --log-level=', ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']],
  ['millrace start --log-format json --mode ', ['regular', 'peak', 'night']],
  ['millrace replay ', [...FILES, 'directory/']],
  ['millrace replay --shift-to-now other.log ', [...FILES, 'directory/']],
  ['millrace replay --data-dir ', ['directory/']],
  ['millrace sql --file ', [...FILES, 'directory/']],
  ['millrace completion ', ['bash', 'zsh', 'fish']],
  ['millrace help ', COMMANDS.filter((name) => name !== 'help')],
  // A value is no command, and where any text may stand nothing is offered.
  ['millrace --version dead-letters list --limit ', []],
  ['millrace dead-letters list --limit list --count-by ', ['reason', 'partition', 'hour']],
]

interface Shell {
  /** Its startup file, and what it is there for. */
  readonly startup: (script: string, directory: string) => readonly [file: string, text: string]
  /** What it offers behind a line, in no order. */
  ask(line: string, directory: string): Promise<string[]>
}

const SHELLS: Readonly<Record<'bash' | 'zsh' | 'fish', Shell>> = {
  bash: {
    startup: (script) => [
      '.bashrc',
      `bind 'set completion-query-items 0'
bind 'set page-completions off'
bind 'set completion-display-width 0'
bind 'set enable-bracketed-paste off'
PS1='ready> '
${script}
cd work`,
    ],
    async ask(line, directory) {
      const { shown } = await onTerminal('bash --noprofile --rcfile .bashrc -i', {
        directory,
        environment: { TERM: 'dumb' },
        typed: [
          // Meta-? lists what Tab would go on with; Control-U takes back what is on the line then.
          ['ready> ', `${line}\u001b?\u0015echo the end: $((1 + 1))\n`],
          ['the end: 2', 'exit\n'],
        ],
      })
      const lines = shown.split(/\r+\n/).slice(1)
      const end = lines.findIndex((one) => /^ready> |^the end: 2/.test(one))
      return lines.slice(0, end).map((one) => one.trim())
    },
  },
  zsh: {
    startup: (script, directory) => [
      '.zshrc',
      // compinit has read its functions once when there is a dump of them.
      `autoload -Uz compinit; compinit -u -C -d ${directory}/.zcompdump
${script}
PROMPT='ready> '
cd work
comppostfuncs=(exit)
compadd() {
  if [[ ! \${argv[1,(i)(-|--)]} == *-[OAD]* ]]; then
    local -a hits
    builtin compadd -A hits "$@"
    local hit; for hit in $hits; do [[ -d \${(Q)hit} ]] && hit+=/; print -r -- "offered: \${(Q)hit}"; done
  fi
  builtin compadd "$@"
}`,
    ],
    async ask(line, directory) {
      const { shown } = await onTerminal('zsh -d -i', {
        directory,
        environment: { ZDOTDIR: directory, TERM: 'dumb' },
        typed: [['ready> ', `${line}\t`]],
      })
      // It looks for directories in more than one way.
      return [...new Set(Array.from(shown.matchAll(/offered: (.*?)\r*\n/g), ([, word]) => word!))]
    },
  },
  fish: {
    startup: (script) => ['completions.fish', script],
    async ask(line, directory) {
      const { stdout } = await promisify(execFile)(
        'fish',
        ['--no-config', '-c', `source ../completions.fish; complete -C '${line}'`],
        { cwd: join(directory, 'work'), env: { PATH: process.env.PATH, HOME: directory } },
      )
      const words = stdout.split('\n').filter((each) => each !== '')
      return words.map((each) => each.split('\t')[0]!.replace(/^--log-level=/, ''))
    },
  },
}

for (const [name, shell] of Object.entries(SHELLS)) {
  suite(name, { skip: missing(name) }, () => {
    let directory = ''
    before(async () => {
      directory = await mkdtemp(join(tmpdir(), `millrace-${name}-`))
      await mkdir(join(directory, 'work/directory'), { recursive: true })
      for (const file of FILES) await writeFile(join(directory, 'work', file), '')
      const { status, stdout, stderr } = await run(['completion', name], {})
      assert.equal(status, 0, stderr)
      const [file, text] = shell.startup(stdout, directory)
      await writeFile(join(directory, file), text)
    })
    after(() => rm(directory, { recursive: true, force: true }))
    for (const [line, words] of LINES) {
      test(`${line}<Tab>`, async () => {
        assert.deepEqual((await shell.ask(line, directory)).sort(), [...words].sort())
      })
    }
  })
}
