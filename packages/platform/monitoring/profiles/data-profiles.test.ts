import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { type Logger, type Tensor, toTensor } from '@millrace/sdk'
import { type ModelSignature, openStore, type Store } from '../../store/index.ts'
import { createDataProfiles } from './data-profiles.ts'
import { createFieldProfile, type ProfileView } from './field-profile.ts'
import { COMPONENTS_MAX, profiledFields } from './profiled-fields.ts'

const SIGNATURE: ModelSignature = {
  signatureName: 'f',
  inputs: [
    { name: 'x', dtype: 'DT_DOUBLE', shape: { dims: [] }, profile: 'NUMERICAL' },
    { name: 'rows', dtype: 'DT_FLOAT', shape: { dims: [-1, 2] }, profile: 'NUMERICAL' },
    { name: 'list', dtype: 'DT_INT64', shape: { dims: [-1] }, profile: 'NUMERICAL' },
    { name: 'any', dtype: 'DT_INT32', shape: null, profile: 'NUMERICAL' },
    { name: 'words', dtype: 'DT_STRING', shape: { dims: [] }, profile: 'TEXT' },
    { name: 'plain', dtype: 'DT_DOUBLE', shape: { dims: [] }, profile: 'NONE' },
    { name: 'photo', dtype: 'DT_UINT8', shape: { dims: [8, 8] }, profile: 'IMAGE' },
    { name: 'colour', dtype: 'DT_STRING', shape: { dims: [] }, profile: 'CATEGORICAL' },
    { name: 'odd', dtype: 'DT_STRING', shape: { dims: [] }, profile: 'NUMERICAL' },
    { name: 'group', subfields: [], shape: null },
    { name: 'wide', dtype: 'DT_DOUBLE', shape: { dims: [COMPONENTS_MAX + 1] }, profile: 'NUMERICAL' },
  ],
  outputs: [{ name: 'total', dtype: 'DT_DOUBLE', shape: { dims: [] }, profile: 'NUMERICAL' }],
}

function collectingLog(): Logger & { readonly lines: string[] } {
  const lines: string[] = []
  const log = (message: string) => void lines.push(message)
  return { lines, debug: log, info: log, warn: log, error: log }
}

async function bed(t: TestContext, signature: ModelSignature = SIGNATURE) {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-profiles-'))
  const file = join(folder, 'millrace.db')
  const store = await openStore({ file })
  const log = collectingLog()
  const profiles = createDataProfiles({ store, log, flushAfterMs: 3_600_000 })
  t.after(async () => {
    await profiles.close()
    await store.close()
    await rm(folder, { recursive: true })
  })
  const version = await store.modelVersions.createExternal({ modelName: 'm', signature })
  return { store, log, profiles, version, file }
}

async function train(
  { store, profiles }: { store: Store; profiles: ReturnType<typeof createDataProfiles> },
  versionId: number,
  field: string,
  components: readonly (readonly number[])[],
): Promise<void> {
  const seen = createFieldProfile('numerical')
  for (const [index, values] of components.entries()) {
    for (const value of values) seen.numerical(index).add(value)
  }
  await store.transaction(tables => profiles.mergeTraining(tables, versionId, new Map([[field, seen]])))
  profiles.trainingChanged(versionId)
}

function x(value: number): Tensor {
  return toTensor({ name: 'x', datatype: 'FP64', shape: [], data: [value] })
}

function numericalOf(view: ProfileView | null) {
  assert.ok(view !== null && 'NumericalProfile' in view)
  return view.NumericalProfile
}

test('fields are profiled by their tag and type; all others are left alone', () => {
  const fields = profiledFields({
    ...SIGNATURE,
    outputs: [...SIGNATURE.outputs, { name: 'x', dtype: 'DT_DOUBLE', shape: null, profile: 'NONE' }],
  })
  assert.deepEqual(
    [...fields.values()].map(({ name, kind, componentCount, isOpen }) => [
      name,
      kind,
      componentCount,
      isOpen,
    ]),
    [
      ['rows', 'numerical', 2, false],
      ['list', 'numerical', 1, true],
      ['any', 'numerical', undefined, true],
      ['words', 'text', 1, false],
      ['total', 'numerical', 1, false],
    ],
  )
})

test('what is asked and answered is profiled by component, and written when somebody asks', async t => {
  const { profiles, version, log } = await bed(t)
  const observe = (...tensors: Parameters<typeof toTensor>[0][]) =>
    profiles.observe(version, tensors.map(toTensor) as Tensor[])
  observe(
    { name: 'x', datatype: 'FP64', shape: [], data: [3] },
    { name: 'rows', datatype: 'FP32', shape: [3, 2], data: [1, 10, 2, 20, 3, 30] },
    { name: 'list', datatype: 'INT64', shape: [4], data: [1n, 2n, 3n, 4n] },
    { name: 'any', datatype: 'INT32', shape: [3], data: [7, 8, 9] },
    { name: 'words', datatype: 'BYTES', shape: [], data: ['two words'] },
    { name: 'plain', datatype: 'FP64', shape: [], data: [1] },
    { name: 'photo', datatype: 'UINT8', shape: [1], data: [1] },
    { name: 'colour', datatype: 'BYTES', shape: [], data: ['red'] },
    { name: 'total', datatype: 'FP64', shape: [], data: [5] },
  )
  // A type other than the signature's is nobody's profile.
  observe({ name: 'x', datatype: 'BYTES', shape: [], data: ['3'] })
  observe({ name: 'words', datatype: 'FP64', shape: [], data: [3] })
  observe(
    { name: 'x', datatype: 'FP64', shape: [], data: [5] },
    { name: 'x', datatype: 'FP64', shape: [], data: [4] },
  )
  assert.deepEqual(await profiles.names(version.id), [
    'any_0',
    'any_1',
    'any_2',
    'list_0',
    'rows_0',
    'rows_1',
    'total_0',
    'words_0',
    'x_0',
  ])
  const { training, production } = await profiles.view(version.id, 'x_0')
  assert.equal(training, null)
  const one = numericalOf(production)
  assert.deepEqual([one.name, one.modelVersionId, one.commonStatistics.count], ['x_0', version.id, 2])
  assert.deepEqual([one.quantileStatistics.min, one.quantileStatistics.max], [3, 4])
  const list = numericalOf((await profiles.view(version.id, 'list')).production)
  assert.deepEqual([list.commonStatistics.count, list.quantileStatistics.max], [4, 4])
  const second = numericalOf((await profiles.view(version.id, 'rows_1')).production)
  assert.deepEqual([second.commonStatistics.count, second.descriptiveStatistics.mean], [3, 20])
  assert.deepEqual(await profiles.view(version.id, 'rows'), { training: null, production: null })
  assert.deepEqual(await profiles.view(version.id, 'plain_0'), { training: null, production: null })
  const words = (await profiles.view(version.id, 'words_0')).production
  assert.ok(words !== null && 'TextProfile' in words)
  assert.equal(words.TextProfile.textStatistics.meanTokenLength, 2)
  await assert.rejects(profiles.view(99, 'x_0'), { code: 'NOT_FOUND', message: /modelversion id 99/ })
  await assert.rejects(profiles.names(99), { code: 'NOT_FOUND' })
  assert.deepEqual(log.lines, [])
})

test('what was observed is added to what another life has written', async t => {
  const { store, profiles, version } = await bed(t)
  profiles.observe(version, [x(1)])
  await profiles.close()
  profiles.observe(version, [x(99)])
  assert.equal(profiles.droppedCount(), 1)
  const next = createDataProfiles({ store, log: collectingLog(), flushAfterMs: 1 })
  next.observe(version, [x(2)])
  await next.close()
  const view = numericalOf((await next.view(version.id, 'x')).production)
  assert.deepEqual([view.commonStatistics.count, view.descriptiveStatistics.mean], [2, 1.5])
})

test('ranges of training data are merged, and say how many values a row of an open field has', async t => {
  const parts = await bed(t)
  const { profiles, version } = parts
  assert.deepEqual([...(await profiles.trainingRangesOf(version.id))], [])
  await train(parts, version.id, 'x', [[0, 10, Number.NaN]])
  await train(parts, version.id, 'x', [[-1, 3]])
  await train(parts, version.id, 'list', [[1], [], [5]])
  assert.deepEqual(
    await profiles.trainingRangesOf(version.id),
    new Map([
      ['list', [{ min: 1, max: 1 }, undefined, { min: 5, max: 5 }]],
      ['x', [{ min: -1, max: 10 }]],
    ]),
  )
  profiles.observe(version, [toTensor({ name: 'list', datatype: 'INT64', shape: [3], data: [1n, 2n, 3n] })])
  const { training, production } = await profiles.view(version.id, 'list_2')
  assert.equal(numericalOf(training).quantileStatistics.min, 5)
  assert.equal(numericalOf(production).quantileStatistics.min, 3)
})

test('more than can wait is dropped, and said now and then', async t => {
  const { profiles, version, log } = await bed(t)
  const tensor = toTensor({ name: 'x', datatype: 'FP64', shape: [], data: [1] })
  for (let times = 0; times < 10_010; times++) profiles.observe(version, [tensor])
  assert.equal(profiles.droppedCount(), 10)
  assert.equal(log.lines.length, 4)
  const large = {
    name: 'list',
    datatype: 'INT64' as const,
    shape: [9_000_000],
    data: new BigInt64Array(9_000_000),
  }
  profiles.observe(version, [large])
  assert.equal(profiles.droppedCount(), 11)
  assert.equal(numericalOf((await profiles.view(version.id, 'x')).production).commonStatistics.count, 10_000)
})

test('a version that is gone takes its observations with it', async t => {
  const { store, profiles, version, log } = await bed(t)
  await store.models.delete(version.modelId)
  profiles.observe(version, [toTensor({ name: 'x', datatype: 'FP64', shape: [], data: [1] })])
  await profiles.flush()
  assert.equal(log.lines.length, 1)
})
