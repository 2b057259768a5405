import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { VersionJson } from '../api/model-json.ts'
import { modelRows } from './model-rows.ts'

const MODELS = ['prices', 'Iris', 'prices_metric'].map((name, index) => ({ id: index + 1, name }))
const version = (modelId: number, modelVersion: number, metadata = {}) =>
  ({ id: modelId * 10 + modelVersion, modelVersion, model: MODELS[modelId - 1], metadata }) as VersionJson
const VERSIONS = [version(1, 1), version(1, 2), version(3, 1, { is_metric: 'True' })]

const names = (filter: Partial<Parameters<typeof modelRows>[2]>) =>
  modelRows(MODELS, VERSIONS, { text: '', hidesMetrics: false, favourites: [], ...filter }).map(
    ({ name }) => name,
  )

test('models are found by name, favourites first, metric models on demand', () => {
  assert.deepEqual(names({}), ['Iris', 'prices', 'prices_metric'])
  assert.deepEqual(names({ favourites: ['prices'] }), ['prices', 'Iris', 'prices_metric'])
  assert.deepEqual(names({ text: ' PRI' }), ['prices', 'prices_metric'])
  assert.deepEqual(names({ hidesMetrics: true }), ['Iris', 'prices'])
})

test('a row knows its newest version', () => {
  const [row] = modelRows(MODELS, VERSIONS, { text: 'prices', hidesMetrics: true, favourites: [] })
  assert.equal(row?.latest?.modelVersion, 2)
  assert.equal(row?.versionCount, 2)
})
