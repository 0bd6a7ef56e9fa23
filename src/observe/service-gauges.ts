import { statfsSync } from 'node:fs'
import type { Metrics } from './metrics.ts'

export interface ServiceState {
  readonly healthy: () => boolean
  readonly dataDir: string
}

/** What both services show: how they are, and how much room they have. */
export function addServiceGauges(metrics: Metrics, { healthy, dataDir }: ServiceState): void {
  metrics.gauge('service_healthy', 'Whether /health says that the service does its work: 1 or 0', () =>
    healthy() ? 1 : 0,
  )
  metrics.gauge('data_disk_free_bytes', 'Room left on the disk of the data directory', () => {
    const { bavail, bsize } = statfsSync(dataDir)
    return bavail * bsize
  })
  metrics.gauge('data_disk_size_bytes', 'Size of the disk of the data directory', () => {
    const { blocks, bsize } = statfsSync(dataDir)
    return blocks * bsize
  })
}
