import assert from 'node:assert/strict'
import type { ServableView } from '../bed/manager-calls.ts'
import { registerScripted, startBed, type UpBed } from '../bed/up-bed.ts'
import { servableProcessesOf } from './servable-processes.ts'
import { releaseAnswering } from './simple-models.ts'
import type { Trial } from './trial.ts'

const CALLERS = 4
const REPLICAS = 2
const WAIT_MS = 60_000
/** Kills. */
const TELL_EVERY = 5

/** Of two replicas under load one is killed, again and again: no request fails but those that were in it. */
export const killedServables: Trial = async ({ rounds, random, tell, interrupted }) => {
  const bed = await startBed()
  try {
    await registerScripted(bed)
    await bed.ok('POST', '/api/v2/deployment_configuration', {
      name: 'two',
      deployment: { replicaCount: REPLICAS },
    })
    const { id } = await releaseAnswering(bed, 'killed', 1)
    const variant = { modelVersionId: id, weight: 100, deploymentConfigName: 'two' }
    await bed.ok('POST', '/api/v2/application', {
      name: 'killed-app',
      kafkaStreaming: [],
      executionGraph: { stages: [{ modelVariants: [variant] }] },
    })
    const { executionGraph } = await bed.applicationIn('killed-app', 'Ready')
    const { servableName } = executionGraph.stages[0]!.modelVariants[0]!

    const counts = { asked: 0 }
    const reasons: string[] = []
    const ended = new AbortController()
    const caller = async () => {
      while (!ended.signal.aborted) {
        const { status, json } = await bed.ask('killed-app', { x: 1 })
        counts.asked += 1
        if (status !== 200) reasons.push(`${status} ${String(json['information'])}`)
      }
    }
    const callers = Promise.all(Array.from({ length: CALLERS }, caller))
    // What ends them early is told below.
    callers.catch(() => {})
    let kills = 0
    let killed: number | undefined
    while (kills < rounds && !interrupted.aborted) {
      const pids = await replicasOf(bed, servableName!, killed)
      killed = pids[Math.floor(random() * pids.length)]!
      process.kill(killed, 'SIGKILL')
      kills += 1
      if (kills % TELL_EVERY === 0) {
        tell(`${kills} of ${rounds} kills, ${reasons.length} of ${counts.asked} requests failed`)
      }
    }
    await replicasOf(bed, servableName!, killed)
    ended.abort()
    await callers
    const allowed = kills * CALLERS
    assert.ok(
      reasons.length <= allowed,
      `${reasons.length} requests failed; in flight were at most ${allowed}:\n${mostFrequent(reasons)}`,
    )
    return [
      `${kills} kills: ${reasons.length} of ${counts.asked} requests failed (at most ${allowed} were in flight)`,
    ]
  } finally {
    await bed.close()
  }
}

const REASONS_SHOWN = 10

/** Without the ports, which are new with each replica. */
function mostFrequent(reasons: readonly string[]): string {
  const groups = Map.groupBy(reasons, reason => reason.replaceAll(/:\d+/g, ':…'))
  const counts = [...groups].map(([reason, { length }]) => [length, reason] as const)
  const shown = counts.toSorted(([a], [b]) => b - a).slice(0, REASONS_SHOWN)
  return shown.map(([count, reason]) => `${count} × ${reason}`).join('\n')
}

/**
 * Waits until all replicas are there and answer. The one that was killed last is not one of them: a moment after the
 * signal it is still a process, and nobody has noticed; whoever went on then would kill both.
 */
async function replicasOf(
  bed: UpBed,
  servableName: string,
  killed: number | undefined,
): Promise<readonly number[]> {
  const givenUpMs = Date.now() + WAIT_MS
  while (Date.now() < givenUpMs) {
    const pids = await servableProcessesOf(bed.up.dataFolder, process.execPath)
    const areThere = pids.length === REPLICAS && !pids.includes(killed ?? 0)
    const { status, statusMessage } = await bed.ok<ServableView>('GET', `/api/v2/servable/${servableName}`)
    if (areThere && status === 'Serving' && statusMessage === null) return pids
    await new Promise(resolve => setTimeout(resolve, 20))
  }
  throw new Error(`${servableName} did not get its ${REPLICAS} replicas back within ${WAIT_MS} ms`)
}
