import { randomUUID } from 'node:crypto'
import { stat } from 'node:fs/promises'
import type { ServableSpec } from './deploy-driver.ts'
import { endStrays } from './end-leftovers.ts'
import { type GuardedProcess, startGuardedProcess } from './guarded-process.ts'
import { createProbe, type Probe } from './probe.ts'
import { replicaCommand } from './replica-command.ts'
import { REPLICA_HOST, replicaEnvironment } from './replica-environment.ts'
import type { ReplicaParts } from './replica-parts.ts'

/** One start of a replica. */
export interface RunningReplica {
  readonly id: string
  /** Of its process group; undefined for one that could not be started. */
  readonly group: number | undefined
  readonly port: number
  readonly address: string
  readonly probe: Probe
  /** Aborted when the process has ended, or must: the reason is a text for people. */
  readonly over: AbortSignal
  readonly hasEnded: () => boolean
  /** Whether it has ended by itself because somebody else had its port. */
  readonly hasClashed: () => boolean
  readonly lastLines: () => readonly string[]
  /** Ends it with all that it has started. Settles when all is gone. Idempotent, never rejects. */
  readonly stop: (graceMs: number) => Promise<void>
}

/** What programs in several languages say of a port that is taken. */
const PORT_IS_TAKEN =
  /EADDRINUSE|address (is )?already in use|only one usage of each socket address|failed to bind|cannot bind|no address added/i

/** Rejects when the process cannot be started at all. */
export async function startReplica(
  spec: ServableSpec,
  parts: ReplicaParts,
  onLine: (line: string) => void,
): Promise<RunningReplica> {
  const { command, workingFolder, protocol } = replicaCommand(spec, parts.builtInCommand)
  if ((await stat(workingFolder).catch(() => undefined))?.isDirectory() !== true) {
    throw new Error(`its working folder ${workingFolder} is not there`)
  }
  const id = randomUUID()
  const port = await parts.ports.take()
  let child: GuardedProcess
  try {
    const { parentEnvironment: parent, inheritedVariables } = parts
    const environment = replicaEnvironment({ spec, port, replicaId: id, parent, inheritedVariables })
    child = startGuardedProcess({ command, workingFolder, environment, onLine })
  } catch (error) {
    parts.ports.giveBack(port)
    throw error
  }
  const over = new AbortController()
  void child.exited.then(() => over.abort(child.end()))
  record(id, spec, child, parts)
  const unwatch = watchMemory(spec, child, parts, over)
  const address = `${REPLICA_HOST}:${port}`
  const probe = createProbe({ address, protocol, timeoutMs: parts.times.questionTimeoutMs })
  let stopping: Promise<void> | undefined
  const stop = async (graceMs: number) => {
    unwatch()
    await probe.close().catch(ignore)
    await child.stop(graceMs)
    await endStrays(id)
    forget(id, parts)
    parts.ports.giveBack(port)
  }
  return {
    id,
    group: child.pid,
    port,
    address,
    probe,
    over: over.signal,
    hasEnded: () => child.end() !== undefined,
    hasClashed: () => child.end() !== undefined && PORT_IS_TAKEN.test(child.lastLines().join('\n')),
    lastLines: child.lastLines,
    stop: graceMs => (stopping ??= stop(graceMs)),
  }
}

function watchMemory(
  { limits: { memoryBytes } }: ServableSpec,
  { pid }: GuardedProcess,
  { memory }: ReplicaParts,
  over: AbortController,
): () => void {
  if (memoryBytes === undefined || pid === undefined) return () => {}
  return memory.watch(pid, memoryBytes, usedBytes =>
    over.abort(`was ended because it used ${inMiB(usedBytes)} of memory; its limit is ${inMiB(memoryBytes)}`),
  )
}

/** Records are the second net below the guard: a disk that is full must not keep models from running. */
function record(id: string, spec: ServableSpec, { pid }: GuardedProcess, parts: ReplicaParts): void {
  if (pid === undefined) return
  try {
    parts.records.add(id, spec.name, pid)
  } catch (error) {
    parts.log.warn('the record of a replica could not be written', { servable: spec.name, error })
  }
}

function forget(id: string, parts: ReplicaParts): void {
  try {
    parts.records.remove(id)
  } catch (error) {
    parts.log.warn('the record of a replica could not be removed', { replica: id, error })
  }
}

function ignore(): void {
  // Connections that cannot be closed well end with the process.
}

function inMiB(bytes: number): string {
  return `${Math.ceil(bytes / 2 ** 20)} MiB`
}
