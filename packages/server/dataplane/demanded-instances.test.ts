import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ServingError } from '@millrace/sdk'
import type { DemandedModels } from '../cache/index.ts'
import type { ModelEntry, ModelInstance, ModelRegistry } from '../lifecycle/index.ts'
import { createDemandedInstances } from './demanded-instances.ts'

/** A registry of names, and what is asked of the cache before it. */
function createBed(load: (loaded: Map<string, ModelEntry>, name: string) => void) {
  const loaded = new Map<string, ModelEntry>()
  const asked: string[] = []
  // Only what the instances ask for.
  const registry = {
    lookUp: (name: string, version: string | undefined) => (version === '9' ? undefined : loaded.get(name)),
    ready(name: string, version: string | undefined) {
      if (version === '9') throw new ServingError('NOT_FOUND', 'no such version')
      return loaded.get(name)!.instance!
    },
  } as unknown as ModelRegistry
  const models: DemandedModels = {
    touch: name => void asked.push(`touch ${name}`),
    knows: () => true,
    async repair(name) {
      asked.push(`repair ${name}`)
    },
    async ensureLoaded(name) {
      asked.push(`load ${name}`)
      load(loaded, name)
    },
  }
  return { instances: createDemandedInstances(registry, models), loaded, asked }
}

function entryOf(isReady: boolean): ModelEntry {
  const instance = { bound: { model: { isReady } } } as ModelInstance
  return { name: 'm', version: undefined, instance, isLoading: false, isUnloading: false, reason: '' }
}

test('a model that is there is used, and nothing else is asked', () => {
  const { instances, loaded, asked } = createBed(() => undefined)
  loaded.set('m', entryOf(true))
  assert.equal(instances.now('m', undefined), loaded.get('m')!.instance)
  assert.deepEqual(asked, ['touch m'])
  assert.equal(instances.now('other', undefined), undefined)
})

test('a model that is not there is repaired and loaded, and one that goes at once is loaded again', async () => {
  let times = 0
  const { instances, asked } = createBed((loaded, name) => {
    if (++times === 2) loaded.set(name, entryOf(true))
  })
  await instances.later('m', undefined, undefined)
  assert.deepEqual(asked, ['repair m', 'load m', 'repair m', 'load m'])
})

test('but not without end', async () => {
  const { instances, asked } = createBed(() => undefined)
  await assert.rejects(instances.later('m', undefined, undefined), {
    code: 'RESOURCE_EXHAUSTED',
    message: /^Model m was unloaded for others 8 times before it could answer/,
    retryAfterMs: 1000,
  })
  assert.equal(asked.filter(each => each === 'load m').length, 8)
})

test('a version that a loaded model does not have is not found', async () => {
  const { instances } = createBed((loaded, name) => void loaded.set(name, entryOf(true)))
  await assert.rejects(instances.later('m', '9', undefined), { code: 'NOT_FOUND' })
})
