import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { test } from 'node:test'
import { ServingError } from '@millrace/sdk'
import fc from 'fast-check'
import { parseModelDocument } from './model-document.ts'
import { readBooster } from './read-booster.ts'

const sample = await readFile(new URL('test-models/texts.bst', import.meta.url))

/** Any JSON, to be changed in the places that matter. */
type Json = { [name: string]: Json } & Json[]

function open(bytes: Uint8Array): void {
  readBooster(parseModelDocument(bytes, 'm.json'), 'm.json')
}

function refused(bytes: Uint8Array | string, message: RegExp): void {
  assert.throws(
    () => open(typeof bytes === 'string' ? Buffer.from(bytes) : bytes),
    (error: unknown) => {
      assert.ok(error instanceof ServingError, String(error))
      assert.equal(error.code, 'FAILED_PRECONDITION')
      assert.match(error.message, /^'m.json' cannot be served: /)
      assert.match(error.message, message)
      return true
    },
  )
}

/** The sample with a change. */
function changed(change: (learner: Json, tree: Json) => void): string {
  const document = JSON.parse(sample.toString()) as Json
  const learner = document['learner']!
  change(learner, learner['gradient_booster']!['model']!['trees']![0]!)
  return JSON.stringify(document)
}

function refusedChange(change: (learner: Json, tree: Json) => void, message: RegExp): void {
  refused(changed(change), message)
}

const set = (target: Json | undefined, values: Readonly<Record<string, unknown>>): void => {
  Object.assign(target!, values)
}

test('the sample is sound', () => open(sample))

test('files of other kinds say what they are not', () => {
  refused('', /it is empty/)
  refused('PK\u0003\u0004', /neither JSON nor Universal Binary JSON/)
  refused(
    'binf\u0000\u0000\u0000?',
    /old binary format, convert it with an XGBoost before 3.1: .*save_model\('model.json'\)/,
  )
  refused('{"learner": {', /as JSON it is damaged: .*position 13/)
  refused('[]', /neither JSON/)
  refused('{}', /it has no learner/)
  refused('{"learner": 3}', /learner is a number; expected an object/)
  refused(
    Buffer.from('{L\u0000\u0000\u0000\u0000\u0000\u0000\u0000\u0007learnerx', 'latin1'),
    /as Universal Binary JSON it is damaged: a value has marker "x".*at byte 17/,
  )
})

test('nesting without an end is refused', () => {
  refused(`{"learner":${'['.repeat(2_000_000)}`, /damaged/)
  refused(`{L${'\u0000'.repeat(7)}\u0001a${'['.repeat(100_000)}`, /deeper than 64 levels/)
})

test('what is missing or of another kind is named with its place', () => {
  refusedChange(
    learner => set(learner, { learner_model_param: undefined }),
    /learner.learner_model_param is missing/,
  )
  refusedChange(learner => set(learner['learner_model_param'], { num_feature: '-1' }), /num_feature is -1/)
  refusedChange(
    learner => set(learner['learner_model_param'], { num_class: '99999999' }),
    /num_class is 99999999/,
  )
  refusedChange(
    learner => set(learner['learner_model_param'], { num_feature: 'x' }),
    /num_feature is "x"; expected a whole/,
  )
  refusedChange(
    learner => set(learner['learner_model_param'], { base_score: 'x' }),
    /base_score is "x", which has no finite/,
  )
  refusedChange(
    learner => set(learner['learner_model_param'], { base_score: '[1,2]' }),
    /base_score has 2 numbers/,
  )
  refusedChange(
    learner => set(learner['objective'], { name: 'my:own' }),
    /objective.name is 'my:own'; allowed are reg:squarederror/,
  )
  refusedChange(
    learner => set(learner['gradient_booster'], { name: 'forest' }),
    /name is 'forest'; allowed are gbtree, dart, gblinear/,
  )
  refusedChange(
    learner => set(learner, { feature_names: ['a'] }),
    /feature_names has 1 elements; there are 2/,
  )
  refusedChange(
    learner => set(learner['gradient_booster']!['model'], { tree_info: [0] }),
    /tree_info has 1 elements/,
  )
  refusedChange(
    learner => set(learner['gradient_booster']!['model'], { tree_info: [9, 0, 0, 0] }),
    /tree 0 adds to output 9/,
  )
  refusedChange(
    learner => set(learner['gradient_booster']!['model'], { iteration_indptr: [0, 9] }),
    /rise from 0 to 4/,
  )
})

test('trees that are none are refused with tree and node', () => {
  const place = /learner.gradient_booster.model.trees\[0\]/
  refusedChange(
    (_, tree) => set(tree['left_children'], { 0: 0 }),
    /trees\[0\]: node 0 has child 0, which the tree reaches twice/,
  )
  refusedChange(
    (_, tree) => set(tree['left_children'], { 0: 2 ** 31 - 1 }),
    /node 0 has child 2147483647; there are/,
  )
  refusedChange((_, tree) => set(tree['right_children'], { 0: -7 }), /node 0 has child -7/)
  refusedChange(
    (_, tree) => set(tree['right_children'], { 0: 1.5 }),
    /right_children\[0\] is 1.5; expected a whole number/,
  )
  refusedChange((_, tree) => set(tree['split_indices'], { 0: 77 }), /feature is 77; the model has 2 features/)
  refusedChange((_, tree) => set(tree, { split_conditions: [1] }), /split_conditions has 1 elements/)
  refusedChange((_, tree) => set(tree, { left_children: 'x' }), /left_children is a text; expected a list/)
  refusedChange((_, tree) => set(tree, { left_children: [] }), place)
  refusedChange(
    (_, tree) => set(tree['tree_param'], { size_leaf_vector: '7' }),
    /leaves have 1 values, those of the first tree 7/,
  )
  refusedChange((_, tree) => {
    const conditions = tree['split_conditions'] as unknown as (number | null)[]
    conditions.fill(null)
  }, /expected a number|threshold is NaN/)
})

test('categories that cannot be are refused, and so are sets larger than 64 MiB', () => {
  const few = /categories/
  refusedChange((_, tree) => set(tree, { categories: [] }), few)
  refusedChange((_, tree) => set(tree['categories_segments'], { 0: -1 }), few)
  refusedChange((_, tree) => set(tree, { categories_nodes: [] }), few)
  refusedChange((_, tree) => {
    // Every set as long as the list: together they would be far more than the file.
    const { length } = tree['categories']!
    const nodes = tree['categories_nodes']!
    assert.ok(nodes.length > 1)
    set(tree, { categories_segments: nodes.map(() => 0), categories_sizes: nodes.map(() => length) })
  }, few)
  refusedChange((_, tree) => set(tree['categories'], { 0: -1 }), /a category is -1/)
  refusedChange(
    (_, tree) => set(tree['categories'], { 0: 2 ** 24 }),
    /a category is 16777216; allowed are 0 to 16777215/,
  )
  refusedChange((learner, tree) => {
    set(tree['categories'], { 0: 2 ** 24 - 1 })
    const model = learner['gradient_booster']!['model']!
    const trees = Array.from({ length: 40 }, () => tree)
    set(model, {
      trees,
      tree_info: trees.map(() => 0),
      iteration_indptr: trees.map((_, index) => index).concat(40),
    })
  }, /need more than 64 MiB/)
})

test('NaN and Infinity, which XGBoost writes bare, are read', () => {
  const text = changed((_, tree) => set(tree['loss_changes'], { 0: 'HERE' }))
  for (const bare of ['NaN', '-nan', 'Infinity', '-inf']) open(Buffer.from(text.replace('"HERE"', bare)))
  refused(text.replace('"HERE"', 'nane'), /damaged/)
})

for (const name of ['texts.bst', 'model-0.ubj', 'model-7.ubj', 'model-14.bst']) {
  const bytes = await readFile(new URL(`test-models/${name}`, import.meta.url))
  test(`${name} with any bytes changed is a model or a ServingError, and so is every part of it`, () => {
    const change = fc.tuple(fc.nat(bytes.length - 1), fc.integer({ min: 0, max: 255 }))
    const cut = fc.integer({ min: 0, max: bytes.length })
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 8 }), fc.option(cut), (changes, end) => {
        const damaged = Uint8Array.from(bytes)
        for (const [place, value] of changes) damaged[place] = value
        try {
          open(end === null ? damaged : damaged.subarray(0, end))
        } catch (error) {
          assert.ok(error instanceof ServingError && error.code === 'FAILED_PRECONDITION', String(error))
        }
      }),
      { numRuns: 250 },
    )
  })
}
