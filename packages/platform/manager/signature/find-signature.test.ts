import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fromBinary } from '@bufbuild/protobuf'
import { loadHydrosphereG2, loadHydrosphereG3 } from '@millrace/sdk/protocol'
import type { ModelSignature } from '../../store/index.ts'
import { readContractBytes, writeContract } from './contract-bytes.ts'
import { findSignature } from './find-signature.ts'

const SIGNATURE: ModelSignature = {
  signatureName: 'scale',
  inputs: [
    { name: 'xs', dtype: 'DT_DOUBLE', shape: { dims: [-1, 2] }, profile: 'NUMERICAL' },
    { name: 'note', dtype: 'DT_STRING', shape: null, profile: 'NONE' },
  ],
  outputs: [{ name: 'total', dtype: 'DT_FLOAT', shape: { dims: [] }, profile: 'NONE' }],
}

const OLDER = `
# As the second generation writes it.
model_name: "scaler"
predict {
  signature_name: 'sc' "ale"
  inputs { name: "xs" dtype: DT_DOUBLE profile: NUMERICAL
    shape { dim { size: -1 } dim: < size: 2 > } }
  inputs: { name: "note", dtype: DT_STRING; }
  outputs { name: "total" dtype: DT_FLOAT shape {} }
}`

const NEWER = `signature_name: "scale"
inputs { name: "xs" dtype: DT_DOUBLE profile: NUMERICAL shape { dims: [-1, 2] } }
inputs { name: "note" dtype: DT_STRING }
outputs { name: "total" dtype: DT_FLOAT shape { } }`

function find(files: Readonly<Record<string, string | Uint8Array>>, modelFiles: readonly string[] = []) {
  const contracts = new Map(
    Object.entries(files).map(([path, bytes]) => [path, Buffer.from(bytes as string)]),
  )
  return findSignature('scaler', undefined, { contracts, modelFiles })
}

test('reads contracts in text, of every generation', () => {
  assert.deepEqual(find({ 'contract.prototxt': OLDER }), SIGNATURE)
  assert.deepEqual(find({ 'contract.prototxt': NEWER }), SIGNATURE)
  assert.deepEqual(find({ 'contract.prototxt': OLDER.replace('predict {', 'signatures {') }), SIGNATURE)
})

test('reads contracts in bytes, of every generation', async () => {
  for (const generation of ['G2', 'G3'] as const) {
    const bytes = await writeContract('scaler', SIGNATURE, generation)
    assert.deepEqual(find({ 'contract.protobin': bytes }), SIGNATURE)
  }
  const first = readContractBytes(await writeContract('scaler', SIGNATURE, 'G1'))
  assert.equal(first.inputs.length, 2)
})

test('what was given goes before, and the highest file before deeper ones', () => {
  const other = NEWER.replace('"scale"', '"other"')
  assert.equal(find({ 'a/contract.prototxt': NEWER, './contract.prototxt': other }).signatureName, 'other')
  const given = findSignature('m', SIGNATURE, {
    contracts: new Map([['contract.prototxt', Buffer.from(other)]]),
    modelFiles: [],
  })
  assert.equal(given.signatureName, 'scale')
})

test('a file that is no contract is named with what is wrong with it', () => {
  const cases: readonly (readonly [string, RegExp])[] = [
    ['signature_name: "x', /line 1: '"' has no place here/],
    ['inputs {\n name: "x"', /line 2: expected/],
    ['predict {} predict {}', /2 signatures/],
    ['signature_name: "x"', /contract\.inputs/],
    [NEWER.replace('DT_FLOAT', 'DT_WRONG'), /dtype: 'DT_WRONG' is not one of/],
    [NEWER.replace('[-1, 2]', '[2, -1]'), /-1 may only be the first/],
    ['a {'.repeat(40), /more than 32 deep/],
    [']', /line 1: expected the name of a field, found '\]'/],
  ]
  for (const [text, expected] of cases) {
    assert.throws(() => find({ 'contract.prototxt': text }), {
      code: 'INVALID_ARGUMENT',
      message: new RegExp(`^payload: 'contract\\.prototxt': .*${expected.source}`),
    })
  }
  assert.throws(() => find({ 'contract.protobin': Buffer.from([0xff, 0xff]) }), {
    code: 'INVALID_ARGUMENT',
    message: /^payload: 'contract\.protobin': /,
  })
})

test('says which models it does not read for a signature', () => {
  assert.throws(() => find({}), { message: 'No signature provided for a model scaler' })
  assert.throws(() => find({}, ['export/saved_model.pb']), {
    message: /^No signature provided for a model scaler; reading one from 'export\/saved_model\.pb' is not/,
  })
})

test('contracts with what tensors cannot hold are written, too', async () => {
  const group = { name: 'person', subfields: SIGNATURE.inputs, shape: { dims: [] } }
  const wave = { name: 'wave', dtype: 'DT_COMPLEX64', shape: { dims: [-1] }, profile: 'AUDIO' }
  const wide = { signatureName: 'f', inputs: [group, wave], outputs: SIGNATURE.outputs }
  const g3 = (await loadHydrosphereG3()).contract
  const newer = fromBinary(g3.ModelSignatureSchema, await writeContract('m', wide, 'G3'))
  assert.equal(newer.inputs[0]?.typeOrSubfields.case, 'subfields')
  assert.deepEqual(newer.inputs[1]?.typeOrSubfields, { case: 'dtype', value: g3.DataType.DT_COMPLEX64 })
  assert.deepEqual(newer.inputs[1]?.shape?.dims, [-1n])
  assert.equal(newer.inputs[1]?.profile, g3.DataProfileType.AUDIO)
  const g2 = (await loadHydrosphereG2()).contract
  for (const [generation, profile] of [
    ['G1', g2.DataProfileType.NONE],
    ['G2', g2.DataProfileType.AUDIO],
  ] as const) {
    const older = fromBinary(g2.ModelContractSchema, await writeContract('m', wide, generation))
    assert.equal(older.modelName, 'm')
    const [first, second] = older.signatures[0]!.inputs
    assert.equal(first?.typeOrSubfields.case, 'subfields')
    assert.equal(second?.profile, profile)
  }
})

test('a field that a generation has no number for is named when a contract is written', async () => {
  for (const dtype of ['DT_BFLOAT16', 'DT_RESOURCE']) {
    const strange = {
      ...SIGNATURE,
      inputs: [{ name: 'xs', dtype, shape: null, profile: 'NONE' }],
    }
    await assert.rejects(writeContract('m', strange, 'G3'), { code: 'UNIMPLEMENTED', message: /^field 'xs'/ })
  }
})
