import { Argument } from 'commander'
import { bashScript } from '../completion/bash.ts'
import { fishScript } from '../completion/fish.ts'
import { shapesOf } from '../completion/shape.ts'
import { zshScript } from '../completion/zsh.ts'
import type { Register } from '../context.ts'

const SCRIPTS = { bash: bashScript, zsh: zshScript, fish: fishScript } as const

const HELP = `
To have them in every shell that you open:
  bash  add to ~/.bashrc:  eval "$(millrace completion bash)"
  zsh   add to ~/.zshrc, behind compinit:  eval "$(millrace completion zsh)"
  fish  millrace completion fish > ~/.config/fish/completions/millrace.fish

A shell starts sooner when it reads a file; write it again after an update of Millrace:
  bash  millrace completion bash > ~/.local/share/bash-completion/completions/millrace
  zsh   millrace completion zsh > ~/.zfunc/_millrace, with fpath+=~/.zfunc before compinit

Where millrace is not on the PATH: alias millrace='npx millrace'`

export const registerCompletion: Register = (program, context) => {
  program
    .command('completion')
    .description('print a script that completes commands, options and their values with Tab')
    .addArgument(new Argument('<shell>', 'the shell it is for').choices(Object.keys(SCRIPTS)))
    .addHelpText('after', HELP)
    .action((shell: keyof typeof SCRIPTS) => {
      context.stdout.write(SCRIPTS[shell](program.name(), shapesOf(program)))
    })
}
