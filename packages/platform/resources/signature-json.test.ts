import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { stringify } from 'yaml'
import type { SignatureField } from '../store/index.ts'
import { contractWords } from './contract-words.ts'
import { DATA_TYPE_WORDS, dataTypeOf, wordOfDataType } from './data-types.ts'
import { type ModelResource, parseResources, readSignatureJson } from './index.ts'
import { PROFILE_WORDS } from './profiles.ts'

const FIELD = { name: 'xs', dtype: 'DT_DOUBLE', shape: { dims: [-1, 2] }, profile: 'NUMERICAL' }
const SIGNATURE = {
  signatureName: 'scale',
  inputs: [FIELD],
  outputs: [{ ...FIELD, name: 'total', shape: { dims: [] } }],
}

test('the newer form stays as it is, with a profile in every field', () => {
  assert.deepEqual(readSignatureJson(SIGNATURE), SIGNATURE)
  const bare = { name: 'a', dtype: 'DT_INT8', shape: null, profile: null }
  const [input] = readSignatureJson({ ...SIGNATURE, inputs: [bare] }).inputs
  assert.deepEqual(input, { ...bare, profile: 'NONE' })
})

test('the older form becomes the newer one', () => {
  const older = {
    modelName: 'scaler',
    predict: {
      signatureName: 'scale',
      inputs: [
        {
          name: 'xs',
          dtype: 'DT_DOUBLE',
          shape: {
            dim: [
              { size: -1, name: '' },
              { size: '2', name: '' },
            ],
            unknownRank: false,
          },
          profile: 'NUMERICAL',
        },
        { name: 'any', dtype: 'DT_BOOL', shape: { dim: [], unknownRank: true } },
      ],
      outputs: [{ name: 'total', dtype: 'DT_DOUBLE', shape: { dim: [], unknownRank: false } }],
    },
  }
  const { inputs, outputs } = readSignatureJson(older)
  assert.deepEqual(inputs, [FIELD, { name: 'any', dtype: 'DT_BOOL', shape: null, profile: 'NONE' }])
  assert.deepEqual(outputs, [{ name: 'total', dtype: 'DT_DOUBLE', shape: { dims: [] }, profile: 'NONE' }])
})

test('what is wrong is named', () => {
  const withInput = (field: unknown) => ({ ...SIGNATURE, inputs: [field] })
  let deep: unknown = FIELD
  for (let depth = 0; depth < 100; depth++) deep = { name: 'a', subfields: [deep] }
  const wrong: readonly (readonly [unknown, RegExp])[] = [
    [null, /^modelSignature: nothing is not an object$/],
    [{ ...SIGNATURE, signatureName: ' ' }, /^Signature name is empty$/],
    [
      { ...SIGNATURE, outputs: [] },
      /modelSignature\.outputs: what is there is not a list of at least one field/,
    ],
    [withInput({ ...FIELD, dtype: 'DT_MAP' }), /inputs\[0\]\.dtype: 'DT_MAP' is not one of DT_BOOL/],
    [
      withInput({ ...FIELD, shape: { dims: [2, -1] } }),
      /shape\.dims\[1\]: -1 is not allowed: -1 may only be the first/,
    ],
    [withInput({ ...FIELD, shape: { dims: [1.5] } }), /dims\[0\]: 1\.5 is not an integer/],
    [withInput({ ...FIELD, profile: 'numeric' }), /profile: 'numeric' is not one of NONE, /],
    [withInput({ ...FIELD, name: '' }), /name: '' is not a name/],
    [{ ...SIGNATURE, inputs: [FIELD, FIELD] }, /inputs\[1\]\.name: 'xs' is not the name of only one field/],
    [withInput(deep), /at most 16 fields deep/],
    [
      {
        ...SIGNATURE,
        inputs: Array.from({ length: 10_001 }, (_, index) => ({ ...FIELD, name: `f${index}` })),
      },
      /at most 10000 fields/,
    ],
  ]
  for (const [json, message] of wrong) {
    assert.throws(() => readSignatureJson(json), { code: 'INVALID_ARGUMENT', message })
  }
})

test('every word for a type has a way back', () => {
  for (const word of DATA_TYPE_WORDS) {
    assert.equal(dataTypeOf(wordOfDataType(dataTypeOf(word)!)), dataTypeOf(word))
    assert.equal(dataTypeOf(word.toUpperCase()), dataTypeOf(word))
  }
  assert.deepEqual(['int', 'float', 'single', 'DT_BFLOAT16', 'map'].map(dataTypeOf), [
    'DT_INT64',
    'DT_DOUBLE',
    'DT_FLOAT',
    'DT_BFLOAT16',
    undefined,
  ])
})

const name = fc.stringMatching(/^[a-z][a-z0-9_]{0,8}$/).filter(word => word !== '__proto__')
const shape = fc.option(
  fc.tuple(fc.integer({ min: -1, max: 9 }), fc.array(fc.nat(9), { maxLength: 3 })).map(([first, rest]) => ({
    dims: [first, ...rest],
  })),
)
const { fields } = fc.letrec<{ fields: SignatureField[]; field: SignatureField }>(tie => ({
  field: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.record(
      {
        name,
        dtype: fc.constantFrom(...DATA_TYPE_WORDS.map(word => dataTypeOf(word)!)),
        shape,
        profile: fc.constantFrom(...PROFILE_WORDS.map(word => word.toUpperCase())),
      },
      { noNullPrototype: true },
    ),
    fc.record({ name, shape, subfields: tie('fields') }, { noNullPrototype: true }),
  ),
  fields: fc.uniqueArray(tie('field'), { minLength: 1, maxLength: 4, selector: field => field.name }),
}))

test('a signature survives the way through a resource file and through JSON', () => {
  fc.assert(
    fc.property(name, fields, fields, (signatureName, inputs, outputs) => {
      const signature = { signatureName, inputs, outputs }
      const text = stringify({ kind: 'Model', name: 'm', runtime: 'r:1', contract: contractWords(signature) })
      const [model] = parseResources(text, { file: 'm.yaml', folder: '.' }).resources as [ModelResource]
      assert.deepEqual(model.contract, signature)
      assert.deepEqual(readSignatureJson(JSON.parse(JSON.stringify(signature))), signature)
    }),
    { numRuns: 60 },
  )
})
