import { readdirSync, readFileSync } from 'node:fs'

/** Clock ticks a second in /proc, the same on every Linux that Node runs on. */
const TICKS = 100

export interface Usage {
  readonly pid: number
  readonly name: string
  /** Seconds of a processor that it has used since it started, its own and the kernel's for it. */
  readonly cpuSeconds: number
  /** Memory of its own in bytes: without the program's text and without mapped files, which the kernel takes back when it needs room. */
  readonly ownBytes: number
}

/** What a process and all below it have used so far, as the kernel counts. Linux only. */
export function usageOfTree(root: number): Usage[] {
  const parents = new Map<number, number>()
  for (const name of readdirSync('/proc')) {
    const stat = /^\d+$/.test(name) ? fieldsOf(Number(name)) : undefined
    if (stat) parents.set(Number(name), Number(stat[1]))
  }
  const isBelow = (pid: number): boolean => pid === root || (parents.has(pid) && isBelow(parents.get(pid)!))
  return [...parents.keys()].filter(isBelow).flatMap(usageOf)
}

/** Seconds of a processor that the ended children of this process have used. */
export function usageOfEndedChildren(): number {
  const stat = fieldsOf(process.pid)
  return stat ? (Number(stat[13]) + Number(stat[14])) / TICKS : 0
}

/** Seconds in which the machine's processors were not idle, whoever used them; with what a hypervisor gave to other machines. */
export function machineSeconds(): number {
  const [user, nice, system, , , irq, softirq, steal] = (/^cpu +(.+)$/m.exec(read('/proc/stat'))?.[1] ?? '')
    .split(' ')
    .map(Number)
  return (user! + nice! + system! + irq! + softirq! + steal!) / TICKS
}

function usageOf(pid: number): Usage[] {
  const stat = fieldsOf(pid)
  if (!stat) return []
  const own = /^RssAnon:\s+(\d+) kB/m.exec(read(`/proc/${pid}/status`))
  return [
    {
      pid,
      name: nameOf(read(`/proc/${pid}/cmdline`)),
      cpuSeconds: (Number(stat[11]) + Number(stat[12])) / TICKS,
      ownBytes: Number(own?.[1] ?? 0) * 1_024,
    },
  ]
}

function nameOf(command: string): string {
  if (command.includes('server-process')) return 'ClickHouse'
  if (command.includes('naive-consumer')) return 'naive'
  if (command.includes('kafka.Kafka')) return 'Kafka'
  return /main\.ts\0(\w+)/.exec(command)?.[1] ?? /millrace\.js\0(\w+)/.exec(command)?.[1] ?? 'other'
}

/** The fields behind the command's name, which may hold anything: state, parent, … (proc(5)). */
function fieldsOf(pid: number): string[] | undefined {
  const stat = read(`/proc/${pid}/stat`)
  return stat === '' ? undefined : stat.slice(stat.lastIndexOf(')') + 2).split(' ')
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}
