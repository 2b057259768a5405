import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ApplicationRecord, ModelVersionRecord } from '../../store/index.ts'
import type { ServableRun, ServableRuns } from '../servables/servable-runs.ts'
import { createRouting } from './create-routing.ts'

const VERSION = {
  id: 1,
  modelName: 'scaler',
  version: 1,
  signature: { signatureName: 'scale', inputs: [], outputs: [] },
} as unknown as ModelVersionRecord

test('a servable that sleeps keeps its routes, and those of its applications', () => {
  const states = new Map<string, Pick<ServableRun, 'replicas' | 'isAsleep'>>()
  const listeners: ((fullName: string) => void)[] = []
  const runs = {
    find(fullName: string) {
      const state = states.get(fullName)
      if (state === undefined) return undefined
      return { order: { fullName, version: VERSION }, status: { state: 'Serving', message: null }, ...state }
    },
    onChange: (listener: (fullName: string) => void) => void listeners.push(listener),
  } as unknown as ServableRuns
  const routing = createRouting(runs)
  const set = (isAsleep: boolean, ...ids: readonly string[]) => {
    const replicas = ids.map(id => ({ id, address: '127.0.0.1:1', protocol: 'G3' as const }))
    states.set('scaler-1-a', { isAsleep, replicas })
    for (const listener of listeners) listener('scaler-1-a')
  }
  const shown = () => {
    const { servables, applications } = routing.table
    const { endpoints, isAsleep } = servables.get('scaler-1-a') ?? {}
    return [endpoints?.length, isAsleep, applications.has('app')]
  }
  set(false, 'replica')
  routing.setApplication({
    id: 7,
    name: 'app',
    signature: VERSION.signature,
    status: 'Ready',
    graph: { stages: [{ modelVariants: [{ servableName: 'scaler-1-a', weight: 100 }] }] },
  } as unknown as ApplicationRecord)
  assert.deepEqual(shown(), [1, false, true])
  set(true)
  assert.deepEqual(shown(), [0, true, true])
  set(false, 'another')
  assert.deepEqual(shown(), [1, false, true])
  // It neither runs nor can be woken.
  set(false)
  assert.deepEqual(shown().slice(0, 2), [undefined, undefined])
})
