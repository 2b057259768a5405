import { processTree, residentBytesOfTree } from '../../../bench/process/process-tree.ts'
import type { ServerProcess } from '../../fuzz/target/server-process.ts'
import { everySoOften } from './pauses.ts'
import { type Growth, type Point, slopeOf } from './slope.ts'

interface Sample {
  readonly seconds: number
  /** Objects and buffers of the server's process, after a full collection. */
  readonly liveBytes: number
  /** Resident memory of the server's process. */
  readonly serverBytes: number
  /** The same with its workers, which collect when they like. */
  readonly treeBytes: number
  readonly processCount: number
}

interface GrowthLimit {
  readonly bytesPerSecond: number
  /** Growth below this is noise, however short the run. */
  readonly noiseBytes: number
}

export interface MemoryVerdict {
  readonly name: string
  readonly growth: Growth
  readonly lastBytes: number
  readonly isGood: boolean
}

const KIB = 1024
const MIB = 1024 * KIB

/**
 * Generous on purpose: in ten minutes the live memory may grow by 5 MiB and the resident one by 20. One forgotten request of the
 * load, at hundreds a second, is beyond that.
 */
const LIMITS: Readonly<Record<'liveBytes' | 'serverBytes' | 'treeBytes', GrowthLimit>> = {
  liveBytes: { bytesPerSecond: 16 * KIB, noiseBytes: 4 * MIB },
  serverBytes: { bytesPerSecond: 64 * KIB, noiseBytes: 32 * MIB },
  treeBytes: { bytesPerSecond: 128 * KIB, noiseBytes: 128 * MIB },
}

const NAMES = {
  liveBytes: 'live memory of the server',
  serverBytes: 'resident memory of the server',
  treeBytes: 'resident memory of all processes',
} as const

/** Measures every so often until the signal. */
export async function watchMemory(
  server: ServerProcess,
  periodMs: number,
  signal: AbortSignal,
): Promise<readonly Sample[]> {
  const samples: Sample[] = []
  const startedMs = performance.now()
  const isTime = everySoOften(periodMs, signal)
  while (await isTime()) {
    const { liveBytes, rssBytes: serverBytes } = await server.measure()
    samples.push({
      seconds: (performance.now() - startedMs) / 1000,
      liveBytes,
      serverBytes,
      treeBytes: residentBytesOfTree(server.pid),
      processCount: processTree(server.pid).length,
    })
  }
  return samples
}

/** Slopes over the second half: in the first, code is compiled and caches fill. */
export function memoryVerdicts(samples: readonly Sample[]): readonly MemoryVerdict[] {
  const half = samples.slice(samples.length >> 1)
  // A worker that is being replaced takes nothing, and would look like memory given back.
  const processCount = Math.max(0, ...half.map(sample => sample.processCount))
  return (['liveBytes', 'serverBytes', 'treeBytes'] as const).map(kind => {
    const points = half
      .filter(sample => kind !== 'treeBytes' || sample.processCount === processCount)
      .map((sample): Point => ({ seconds: sample.seconds, bytes: sample[kind] }))
    const growth = slopeOf(points)
    const { bytesPerSecond, noiseBytes } = LIMITS[kind]
    const isFlat = growth.bytesPerSecond <= bytesPerSecond || growth.totalBytes <= noiseBytes
    return {
      name: NAMES[kind],
      growth,
      lastBytes: points.at(-1)?.bytes ?? 0,
      isGood: points.length > 1 && isFlat,
    }
  })
}
