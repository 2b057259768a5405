/**
 * A control plane that creates, updates and removes applications until it is killed. It says on standard output what it
 * begins and what was answered: one line of JSON each. Arguments: its folder, and the ids of the versions.
 */
import { randomInt } from 'node:crypto'
import { openCrashManager } from './crash-manager-bed.ts'

export type Operation =
  | { readonly kind: 'create' | 'update'; readonly name: string; readonly versions: readonly number[] }
  | { readonly kind: 'remove'; readonly name: string }

export interface Said {
  readonly phase: 'begun' | 'answered'
  readonly operation: Operation
}

const [folder, ...ids] = process.argv.slice(2)
const versionIds = ids.map(Number)
const { store, applications } = await openCrashManager(folder!)
const say = (said: Said) => process.stdout.write(`${JSON.stringify(said)}\n`)

for (;;) {
  const name = `app-${randomInt(2)}`
  const versions = versionIds.filter(() => randomInt(2) === 0)
  if (versions.length === 0) versions.push(versionIds[0]!)
  const there = await store.applications.find(name)
  const operation: Operation =
    there === undefined
      ? { kind: 'create', name, versions }
      : randomInt(4) === 0
        ? { kind: 'remove', name }
        : { kind: 'update', name, versions }
  const sequence = await store.changes.lastSequence()
  say({ phase: 'begun', operation })
  if (operation.kind === 'remove') await applications.remove(name)
  else {
    const weights = operation.versions.map((_, index) => (index === 0 ? 100 : 0))
    const stage = operation.versions.map((modelVersionId, index) => ({
      modelVersionId,
      weight: weights[index]!,
    }))
    const request = { name, kafkaStreaming: [], stages: [stage] }
    if (there === undefined) await applications.create(request)
    else await applications.update(there.id, request)
  }
  say({ phase: 'answered', operation })
  // Sometimes the next comes before this one is ready, and sometimes after.
  if (randomInt(2) === 0) continue
  for await (const _change of store.changes.follow(sequence)) {
    const application = await store.applications.find(name)
    if (application === undefined || application.status === 'Ready') break
  }
}
