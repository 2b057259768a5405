import { setTimeout as delay } from 'node:timers/promises'
import type { ServableRecord, StoreTables } from '../../store/index.ts'
import type { SettledApplication, Settlement } from '../applications/settle-application.ts'
import type { ServingParts } from '../serving-parts.ts'
import { ownerApplicationId } from './servable-owner.ts'
import type { ServableRun } from './servable-runs.ts'

/** After the database was away. */
const RETRY_MS = 1_000
/** Noted in one step. */
const BATCH = 100
/** Each step waits for the disk, so what changes meanwhile shares the next one. */
const PAUSE_MS = 20

/** Notes what the driver says of servables, and what that makes of their applications. Resolves when the signal is aborted. */
export async function followStates(
  { store, runs, inTurn, signal, log }: ServingParts,
  settlement: Settlement,
): Promise<void> {
  const changed = new Set<string>()
  let wakeUp = Promise.withResolvers<void>()
  const stop = runs.onChange(fullName => {
    changed.add(fullName)
    wakeUp.resolve()
  })
  const onAbort = () => wakeUp.resolve()
  signal.addEventListener('abort', onAbort)

  const note = (fullNames: readonly string[]) =>
    inTurn(async () => {
      const settled = await store.transaction(async tables => {
        const applicationIds = new Set<number>()
        for (const fullName of fullNames) {
          const servable = await noteState(tables, fullName, runs.find(fullName))
          const applicationId = servable && ownerApplicationId(servable)
          if (applicationId !== undefined) applicationIds.add(applicationId)
        }
        const settled: SettledApplication[] = []
        for (const id of applicationIds) {
          const application = await tables.applications.get(id)
          if (application !== undefined) settled.push(await settlement.note(tables, application))
        }
        return settled
      })
      for (const application of settled) settlement.follow(application)
    })

  try {
    while (!signal.aborted) {
      const fullNames = [...changed].slice(0, BATCH)
      if (fullNames.length === 0) {
        await wakeUp.promise
        wakeUp = Promise.withResolvers()
        continue
      }
      for (const fullName of fullNames) changed.delete(fullName)
      try {
        await note(fullNames)
        if (changed.size < BATCH) await delay(PAUSE_MS, undefined, { signal }).catch(() => {})
      } catch (error) {
        if (signal.aborted) break
        log.error('the status of servables could not be noted; trying again', { servables: fullNames, error })
        for (const fullName of fullNames) changed.add(fullName)
        await delay(RETRY_MS, undefined, { signal }).catch(() => {})
      }
    }
  } finally {
    stop()
    signal.removeEventListener('abort', onAbort)
  }
}

/** `undefined` for one that is not there any more. */
async function noteState(
  tables: StoreTables,
  fullName: string,
  run: ServableRun | undefined,
): Promise<ServableRecord | undefined> {
  const servable = await tables.servables.find(fullName)
  if (run === undefined || servable === undefined) return undefined
  const { state: status, message } = run.status
  const statusMessage = message ?? undefined
  const address = addressOf(run)
  const isSame =
    servable.status === status &&
    servable.statusMessage === statusMessage &&
    (address === undefined || (servable.host === address.host && servable.port === address.port))
  return isSame ? servable : tables.servables.setState(fullName, { status, statusMessage, address })
}

function addressOf({ replicas }: ServableRun): { readonly host: string; readonly port: number } | undefined {
  const { host, port } = /^(?<host>.+):(?<port>\d{1,5})$/.exec(replicas[0]?.address ?? '')?.groups ?? {}
  return host === undefined || port === undefined ? undefined : { host, port: Number(port) }
}
