import { MillraceError } from '../../errors.ts'
import { isRunning, type ProcessIdentity, thisProcess } from '../../process/identity.ts'
import type { Position } from '../port.ts'
import {
  bytesToNumber,
  type Environment,
  logError,
  numberToBytes,
  openTable,
  type Table,
  transact,
} from './environment.ts'

/** A position as it was committed, in this log or in one that is gone. */
export interface CommittedPosition extends Position {
  readonly ofThisLog: boolean
}

/**
 * The positions of consumer groups, and who reads for a group. They are kept in an environment of their own: LMDB has one write lock
 * an environment, and a commit of the consumer must not wait for appends.
 */
export class Positions {
  readonly #environment: Environment
  readonly #directory: string
  readonly #topic: string
  readonly #logId: Buffer
  readonly #positions: Table
  readonly #owners: Table

  constructor(environment: Environment, directory: string, topic: string, logId: string) {
    this.#environment = environment
    this.#directory = directory
    this.#topic = topic
    this.#logId = Buffer.from(logId)
    this.#positions = openTable(environment, 'positions')
    this.#owners = openTable(environment, 'owners')
  }

  /** Durable when it returns. */
  commit(group: string, positions: readonly Position[]): void {
    try {
      transact(this.#environment, () => {
        for (const { partition, offset } of positions) {
          const value = Buffer.concat([numberToBytes(offset), this.#logId])
          this.#positions.putSync(this.#key(group, partition), value)
        }
      })
    } catch (error) {
      throw logError(error, `committing positions of the group ${group}`, this.#directory)
    }
  }

  committed(group: string, partition: number): CommittedPosition | undefined {
    this.#environment.resetReadTxn()
    const value = this.#positions.get(this.#key(group, partition))
    if (!value) return undefined
    return {
      partition,
      offset: bytesToNumber(value.subarray(0, 8))!,
      ofThisLog: value.subarray(8).equals(this.#logId),
    }
  }

  /**
   * Makes this process the group's only member.
   *
   * @throws MillraceError `already_running` when another reader of the group is alive
   */
  acquire(group: string): void {
    transact(this.#environment, () => {
      const owner = this.#owner(group)
      if (owner && isRunning(owner)) {
        throw new MillraceError(
          'already_running',
          `process ${owner.pid} already reads "${this.#topic}" for the group "${group}"`,
          {
            hint: 'The embedded log has one reader a group: end that process, or use another MILLRACE_KAFKA_GROUP.',
          },
        )
      }
      this.#owners.putSync(this.#ownerKey(group), Buffer.from(JSON.stringify(thisProcess())))
    })
  }

  /** Where the disk is full the entry stays; it names a process that has ended soon, so it keeps nobody out. */
  release(group: string): void {
    try {
      transact(this.#environment, () => {
        this.#owners.removeSync(this.#ownerKey(group))
      })
    } catch (error) {
      if (!(error instanceof MillraceError && error.code === 'log_full')) throw error
    }
  }

  #owner(group: string): ProcessIdentity | undefined {
    const found = this.#owners.get(this.#ownerKey(group))
    return found && (JSON.parse(found.toString()) as ProcessIdentity)
  }

  #ownerKey(group: string): Buffer {
    return Buffer.from(`${this.#topic}\0${group}`)
  }

  #key(group: string, partition: number): Buffer {
    return Buffer.from(`${this.#topic}\0${group}\0${partition}`)
  }
}
