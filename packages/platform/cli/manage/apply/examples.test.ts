import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { readSources } from './read-sources.ts'

const folder = fileURLToPath(new URL('../../../../../examples/platform', import.meta.url))

test('the sample resources are right, and what the application needs comes before it', async () => {
  const { resources, payloads, warnings } = await readSources([folder])
  assert.deepEqual(warnings, [])
  assert.deepEqual(
    resources.map(({ kind, name }) => `${kind} ${name}`),
    ['DeploymentConfiguration small', 'Model delivery-minutes', 'Model distances', 'Application delivery'],
  )
  const application = resources.at(-1)!
  assert.ok(application.kind === 'Application')
  const variants = application.stages.flat()
  assert.deepEqual(
    variants.map(({ model }) => `${model.modelName}:${model.version}`),
    ['distances:1', 'delivery-minutes:1'],
  )
  const files = [...payloads.values()].map(list => list.map(({ path }) => path))
  assert.deepEqual(files, [['src/func_main.py'], ['src/func_main.ts']])
})
