import type { Check } from '../check.ts'
import { brokersCheck } from './brokers.ts'
import { clickhouseCheck } from './clickhouse.ts'
import { clickhousePortCheck } from './clickhouse-port.ts'
import { clickhouseRightsCheck } from './clickhouse-rights.ts'
import { clickhouseSchemaCheck } from './clickhouse-schema.ts'
import { clockCheck } from './clock.ts'
import { dataDirectoryCheck } from './data-directory.ts'
import { diskCheck } from './disk.ts'
import { fileModesCheck } from './file-modes.ts'
import { memoryCheck } from './memory.ts'
import { nodeCheck } from './node.ts'
import { openFilesCheck } from './open-files.ts'
import { platformCheck } from './platform.ts'
import { consumerPortCheck, producerPortCheck } from './service-port.ts'
import { topicCheck } from './topic.ts'

/** All checks besides that of the settings, in the order that they are shown. */
export const CHECKS: readonly Check[] = [
  nodeCheck,
  platformCheck,
  memoryCheck,
  openFilesCheck,
  dataDirectoryCheck,
  fileModesCheck,
  diskCheck,
  producerPortCheck,
  consumerPortCheck,
  clickhousePortCheck,
  brokersCheck,
  topicCheck,
  clickhouseCheck,
  clickhouseSchemaCheck,
  clickhouseRightsCheck,
  clockCheck,
]
