import type { QueryOptions } from '../store/database.ts'

/**
 * Settings of the audit's queries. They run beside the consumer's: what does not fit goes to disk, and what does not fit even then fails
 * alone instead of taking the server's memory.
 */
export const AUDIT_SETTINGS: NonNullable<QueryOptions['settings']> = {
  max_memory_usage: '800000000',
  max_bytes_before_external_group_by: '250000000',
  max_bytes_before_external_sort: '250000000',
  max_threads: 2,
}

/** Raw rows that one comparison reads. An hour that has more stands alone, and what it needs beyond memory goes to disk. */
export const ROWS_AT_ONCE = 2_000_000

/** Distinct keys that are looked for at once; 10 million need about a gigabyte, so it is done in pieces by hash. */
export const KEYS_AT_ONCE = 4_000_000

/** Windows that differ are looked at again in groups of so many. */
export const WINDOWS_AT_ONCE = 60

/** Of each window so many keys are named. */
export const KEYS_NAMED = 20
