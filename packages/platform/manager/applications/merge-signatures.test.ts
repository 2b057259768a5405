import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ServingError } from '@millrace/sdk'
import fc from 'fast-check'
import type { ModelSignature, SignatureField } from '../../store/index.ts'
import { refusal, signature, tensor } from '../test/serving-bed.ts'
import { checkNeighbours } from './check-stages.ts'
import { mergeSignatures } from './merge-signatures.ts'

const owned = (...signatures: readonly ModelSignature[]) =>
  signatures.map((signature, index) => ({ owner: `m:${index + 1}`, signature }))

test('fields are told apart by name; open extents and shapes give way to fixed ones', () => {
  const merged = mergeSignatures(
    owned(
      signature([tensor('a', null), tensor('b', [-1, 2])], [{ ...tensor('y'), profile: 'NUMERICAL' }]),
      signature([tensor('b', [7, 2]), tensor('a', [3])], [tensor('y')]),
    ),
  )
  assert.deepEqual(
    merged,
    signature([tensor('a', [3]), tensor('b', [7, 2])], [{ ...tensor('y'), profile: 'NUMERICAL' }]),
  )
})

test('all that does not fit is named', () => {
  const signatures = owned(
    signature([tensor('a', [2]), tensor('b'), tensor('c')], [tensor('y')]),
    signature([tensor('a', [3]), tensor('b', [], 'DT_INT32')], [tensor('y', [1])]),
  )
  assert.throws(
    () => mergeSignatures(signatures),
    refusal(
      'INVALID_ARGUMENT',
      /^Errors while merging signatures: input 'a' of m:1 and m:2: shape \[2\] does not fit \[3\]; input 'b' of m:1 and m:2: DT_DOUBLE is not DT_INT32; input 'c' is missing in m:2; output 'y' .* shape \[\] does not fit \[1\]$/,
    ),
  )
})

const group = (...subfields: SignatureField[]): SignatureField => ({ name: 'g', subfields, shape: null })

test('groups of subfields are merged by name, and are no tensors', () => {
  const merged = mergeSignatures(
    owned(
      signature([group(tensor('p', null), tensor('q'))], [tensor('y')]),
      signature([group(tensor('q'), tensor('p', [2]))], [tensor('y')]),
    ),
  )
  assert.deepEqual(merged.inputs, [group(tensor('p', [2]), tensor('q'))])
  assert.throws(
    () =>
      mergeSignatures(
        owned(signature([group(tensor('p'))], [tensor('y')]), signature([tensor('g')], [tensor('y')])),
      ),
    refusal('INVALID_ARGUMENT', /a group of subfields is not DT_DOUBLE/),
  )
})

const shape = fc.option(fc.array(fc.constantFrom(-1, 1, 2), { maxLength: 2 }), { nil: null })
const field = (name: string) =>
  fc.tuple(shape, fc.constantFrom('DT_DOUBLE', 'DT_INT32')).map(([dims, dtype]) => tensor(name, dims, dtype))
const anySignature = fc
  .tuple(fc.shuffledSubarray(['a', 'b'], { minLength: 1 }), field('a'), field('b'), field('y'))
  .map(([names, a, b, y]) =>
    signature(
      names.map(name => (name === 'a' ? a : b)),
      [y],
    ),
  )

test('the order of the variants decides nothing but the order of the fields', () => {
  fc.assert(
    fc.property(fc.array(anySignature, { minLength: 2, maxLength: 4 }), signatures => {
      const forwards = outcome(signatures)
      const backwards = outcome(signatures.toReversed())
      assert.deepEqual(forwards, backwards)
    }),
  )
})

test('what takes the merged shape is taken by every variant', () => {
  fc.assert(
    fc.property(fc.array(anySignature, { minLength: 2, maxLength: 4 }), signatures => {
      const merged = outcome(signatures)
      if (merged === undefined) return
      for (const { inputs } of signatures) {
        for (const { name, shape: declared } of inputs) {
          const extents: readonly number[] | null = merged.get(`input ${name}`)!
          if (declared === null) continue
          assert.ok(extents !== null)
          for (const [index, extent] of declared.dims.entries()) {
            if (extent !== -1) assert.equal(extents[index], extent)
          }
        }
      }
    }),
  )
})

/** Shapes by field, or nothing where the signatures do not fit. */
function outcome(signatures: readonly ModelSignature[]): Map<string, readonly number[] | null> | undefined {
  try {
    const { inputs, outputs } = mergeSignatures(owned(...signatures))
    const entries = [
      ...inputs.map(field => [`input ${field.name}`, field.shape?.dims ?? null] as const),
      ...outputs.map(field => [`output ${field.name}`, field.shape?.dims ?? null] as const),
    ]
    return new Map(entries.toSorted(([a], [b]) => (a < b ? -1 : 1)))
  } catch (error) {
    assert.ok(ServingError.is(error) && error.code === 'INVALID_ARGUMENT', String(error))
    return undefined
  }
}

test('a stage may give more than the next one takes, and not less', () => {
  const giver = signature([tensor('xs')], [tensor('a', [-1]), tensor('b')])
  checkNeighbours(owned(giver, signature([tensor('a', [4])], [tensor('y')])))
  assert.throws(
    () => checkNeighbours(owned(giver, signature([tensor('a', [4, 1]), tensor('c')], [tensor('y')]))),
    refusal(
      'INVALID_ARGUMENT',
      /^The stages do not fit: 'a' of stage 1 \(m:1\) does not fit stage 2 \(m:2\): shape \[-1\] does not fit \[4, 1\]; stage 2 \(m:2\) takes 'c', which stage 1 \(m:1\) does not give$/,
    ),
  )
})
