import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import type { ModelVersionSettings } from '../repository/index.ts'
import { createPlacementMemory } from './placement-memory.ts'

/** Settings of models that share a file, by name and version. */
async function startModels(t: TestContext) {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-remembered-'))
  t.after(() => rm(folder, { recursive: true }))
  const uri = join(folder, 'model.onnx')
  await writeFile(uri, 'graph')
  return (name: string, version?: string) =>
    ({
      name,
      version,
      folder,
      uri,
      implementation: 'onnx',
      warmUpFiles: [],
    }) as Partial<ModelVersionSettings> as ModelVersionSettings
}

test('what was kept is recalled once, and again if it is kept again', async t => {
  const model = await startModels(t)
  const memory = createPlacementMemory()
  const first = await memory.recall(model('a', '1'))
  assert.equal(first.answerMs, undefined)
  first.keep(0.01)
  assert.equal((await memory.recall(model('a', '2'))).answerMs, undefined)
  const second = await memory.recall(model('a', '1'))
  assert.equal(second.answerMs, 0.01)
  // Whose load fails, or never ends, is not trusted the next time.
  assert.equal((await memory.recall(model('a', '1'))).answerMs, undefined)
  second.keep(0.01)
  assert.equal((await memory.recall(model('a', '1'))).answerMs, 0.01)
})

test('what is forgotten, and what has changed, is not recalled', async t => {
  const model = await startModels(t)
  const memory = createPlacementMemory()
  const settings = model('a')
  ;(await memory.recall(settings)).keep(1)
  memory.forget(settings)
  const again = await memory.recall(settings)
  assert.equal(again.answerMs, undefined)
  await writeFile(settings.uri, 'another graph')
  // While it loaded: what was measured is of neither.
  again.keep(2)
  assert.equal((await memory.recall(settings)).answerMs, undefined)
})

test('after a hundred times a model is tried anew', async t => {
  const model = await startModels(t)
  const memory = createPlacementMemory()
  ;(await memory.recall(model('a'))).keep(1)
  for (let time = 0; time < 100; time++) {
    const recalled = await memory.recall(model('a'))
    assert.equal(recalled.answerMs, 1, String(time))
    recalled.keep(1)
  }
  const fresh = await memory.recall(model('a'))
  assert.equal(fresh.answerMs, undefined)
  fresh.keep(3)
  assert.equal((await memory.recall(model('a'))).answerMs, 3)
})

test('of too many, those go that came back longest ago', async t => {
  const model = await startModels(t)
  const memory = createPlacementMemory(3)
  const use = async (name: string) => {
    const recalled = await memory.recall(model(name))
    recalled.keep(1)
    return recalled.answerMs !== undefined
  }
  const uses: boolean[] = []
  for (const name of ['a', 'b', 'c', 'a', 'd', 'a', 'c', 'd', 'b']) uses.push(await use(name))
  assert.deepEqual(uses, [false, false, false, true, false, true, true, true, false])
})

test('a model of which changes are not seen is never remembered', async t => {
  const model = await startModels(t)
  const memory = createPlacementMemory()
  const settings = { ...model('a'), uri: 'somewhere/else' }
  ;(await memory.recall(settings)).keep(1)
  assert.equal((await memory.recall(settings)).answerMs, undefined)
})
