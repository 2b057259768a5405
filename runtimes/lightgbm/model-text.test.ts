import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { suite, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { ServingError } from '@millrace/sdk'
import fc from 'fast-check'
import { createBooster } from './booster.ts'
import type { LightgbmOptions } from './lightgbm-options.ts'
import { readModelText } from './model-text.ts'

const folder = fileURLToPath(import.meta.resolve('./test-models/'))
const sound = await readFile(`${folder}one-hot.txt`, 'utf8')
const linear = await readFile(`${folder}linear-leaves.txt`, 'utf8')
const table = await readFile(`${folder}table.txt`, 'utf8')

const OPTIONS: LightgbmOptions = { predictType: 'value', startIteration: 0, iterationCount: null }

function load(text: string | Buffer) {
  const bytes = typeof text === 'string' ? Buffer.from(text) : text
  const booster = createBooster(readModelText(bytes, 'm.txt'), OPTIONS, 'm.txt')
  return (row: readonly number[]) => {
    const features = Float64Array.from(
      { length: booster.featureCount },
      (_, index) => row[index % row.length]!,
    )
    const scores = new Float64Array(booster.outputCount)
    booster.scores(features, 1, scores)
    booster.leaves(features, 1, new Int32Array(booster.treeCount))
    booster.toPredictions?.(scores)
    return scores
  }
}

/** A model of one tree: is feature 0 at most 5? */
const SMALL = `tree
version=v4
num_class=1
num_tree_per_iteration=1
label_index=0
max_feature_idx=1
objective=regression
feature_names=x y
feature_infos=[0:9] 3:1:2

Tree=0
num_leaves=3
num_cat=1
split_feature=0 1
threshold=5 0
decision_type=2 1
left_child=-1 -2
right_child=1 -3
cat_boundaries=0 1
cat_threshold=10
leaf_value=1 2 3
shrinkage=1


end of trees

pandas_categorical:null
`

test('a small model says by hand what it should', () => {
  const predict = load(SMALL)
  assert.deepEqual(
    [
      [5, 9],
      [5.1, 1],
      [6, 3],
      [6, 2],
      [6, Number.NaN],
      [Number.NaN, 0],
    ].map(row => predict(row)[0]),
    [1, 2, 2, 3, 3, 1],
  )
})

test('line ends of Windows, no trailing lines and no tree_sizes make no difference', () => {
  const row = [6, 3]
  assert.deepEqual(load(SMALL.replaceAll('\n', '\r\n'))(row), load(SMALL)(row))
  assert.deepEqual(load(SMALL.slice(0, SMALL.indexOf('\nend of trees')))(row), load(SMALL)(row))
  const withSizes = SMALL.replace(
    'feature_infos',
    `tree_sizes=${SMALL.indexOf('end of trees') - SMALL.indexOf('Tree=0')}\nfeature_infos`,
  )
  assert.deepEqual(load(withSizes)(row), load(SMALL)(row))
})

test('fields that early releases do not write have their defaults', () => {
  const early = SMALL.replace(
    /^(?:num_tree_per_iteration|version|objective|shrinkage|decision_type)=.*\n/gm,
    '',
  )
    .replace('num_cat=1', 'num_cat=0')
    .replace('version=v4', 'version=v2')
  // Without decision types every node compares, NaN counts as zero, and without an objective scores are the predictions.
  assert.deepEqual(
    [
      [5, 9],
      [6, 0],
      [6, 0.1],
      [Number.NaN, 0],
    ].map(row => load(early)(row)[0]),
    [1, 2, 3, 1],
  )
})

test('a model without trees predicts what its objective makes of 0', () => {
  const none = SMALL.replace(/Tree=0[^]*?\n\n\n/, '').replace('regression', 'binary sigmoid:1')
  assert.deepEqual(load(none)([1, 2]), Float64Array.of(0.5))
})

const BROKEN: readonly (readonly [string, string, string | RegExp])[] = [
  ['nothing', '', "a LightGBM model in text form starts with the line 'tree'"],
  ['a pickle', '\x80\x04\x95', "line 1: a LightGBM model in text form starts with the line 'tree'"],
  ['no header', 'tree\n', /the header has no num_class; the file is damaged/],
  [
    'a version of the future',
    SMALL.replace('v4', 'v9'),
    'line 2, field version: "v9" is not one of v2, v3, v4',
  ],
  [
    'a repeated header line',
    SMALL.replace('version=v4', 'num_class=1'),
    'line 3: "num_class" stands here a second time',
  ],
  [
    'huge counts',
    SMALL.replace('max_feature_idx=1', 'max_feature_idx=9999999'),
    /field feature_names: 2 entries; max_feature_idx=9999999 needs 10000000/,
  ],
  [
    'counts beyond the limit',
    SMALL.replace('max_feature_idx=1', 'max_feature_idx=1e9'),
    /line 6, field max_feature_idx: "1e9" is not an integer from 0 to 9999999/,
  ],
  [
    'sizes of too many trees',
    SMALL.replace('feature_infos', `tree_sizes=${'1 '.repeat(2 ** 20 + 1)}\nfeature_infos`),
    /field tree_sizes: 1048577 trees; at most 1048576 are allowed/,
  ],
  [
    'too many leaves',
    SMALL.replace('num_leaves=3', 'num_leaves=16777216'),
    /line 21, tree 0, field leaf_value: 16777216 numbers are needed, but 5 characters cannot hold them/,
  ],
  [
    'a word for a number',
    SMALL.replace('leaf_value=1 2 3', 'leaf_value=1 0x2 3'),
    'line 21, tree 0, field leaf_value: "0x2" is not a number',
  ],
  [
    'too few numbers',
    SMALL.replace('leaf_value=1 2 3', 'leaf_value=1 23.5'),
    'line 21, tree 0, field leaf_value: 2 numbers where 3 belong',
  ],
  [
    'too many numbers',
    SMALL.replace('leaf_value=1 2 3', 'leaf_value=1 2 3 4'),
    'line 21, tree 0, field leaf_value: more than the 3 numbers that belong here',
  ],
  [
    'a threshold that is no number',
    SMALL.replace('threshold=5', 'threshold=nan'),
    /tree 0, node 0: the threshold is NaN/,
  ],
  [
    'an unknown kind of missing values',
    SMALL.replace('decision_type=2', 'decision_type=12'),
    'line 16, tree 0, field decision_type: 12 names a kind of missing values that does not exist',
  ],
  [
    'an unknown feature',
    SMALL.replace('split_feature=0 1', 'split_feature=0 2'),
    'line 14, tree 0, field split_feature: "2" is not an integer from 0 to 1',
  ],
  [
    'a node out of range',
    SMALL.replace('right_child=1', 'right_child=7'),
    'line 18, tree 0, field right_child: "7" is not an integer from -3 to 1',
  ],
  [
    'a circle',
    SMALL.replace('right_child=1', 'right_child=0'),
    /tree 0, node 0: right child is node 0, which the tree reaches twice/,
  ],
  [
    'a leaf with two parents',
    SMALL.replace('left_child=-1 -2', 'left_child=-1 -1'),
    /leaf 0, which the tree reaches twice/,
  ],
  [
    'a missing field',
    SMALL.replace(/^split_feature.*\n/m, ''),
    'line 11, tree 0, field split_feature: it is missing',
  ],
  [
    'a repeated field',
    SMALL.replace('shrinkage=1', 'leaf_value=1 2 3'),
    'line 22, tree 0, field leaf_value: it stands here a second time',
  ],
  [
    'an unknown category set',
    SMALL.replace('threshold=5 0', 'threshold=5 1'),
    'line 15, tree 0, field threshold: node 1 names category set 1; allowed are 0 to 0',
  ],
  [
    'a shared category set',
    SMALL.replace('decision_type=2 1', 'decision_type=1 1').replace('threshold=5', 'threshold=0'),
    /node 1 names category set 0, as another does/,
  ],
  [
    'falling boundaries',
    SMALL.replace('cat_boundaries=0 1', 'cat_boundaries=1 0'),
    /field cat_boundaries: entry 0 is 1; the entries start with 0 and never fall/,
  ],
  [
    'hostile boundaries',
    SMALL.replace('cat_boundaries=0 1', 'cat_boundaries=0 60000000'),
    /field cat_threshold: 60000000 numbers are needed, but 2 characters cannot hold them/,
  ],
  [
    'a file cut off inside a tree',
    SMALL.slice(0, SMALL.indexOf('shrinkage')),
    'line 11, tree 0: the file ends inside this tree',
  ],
  [
    'a file cut off inside a line',
    SMALL.slice(0, SMALL.indexOf('shrinkage') + 4),
    'line 22, tree 0: the file ends inside this line',
  ],
  [
    'a file cut off between trees',
    sound.slice(0, sound.indexOf('Tree=2')),
    /field tree_sizes: the trees take \d+ bytes, but only \d+ follow the header: the file is cut off/,
  ],
  ['a tree too few', sound.replace(/Tree=3\n[^]*?\n\n\n/, ''), 'it has 3 trees; tree_sizes lists 4'],
  ['trees out of order', sound.replace('Tree=1', 'Tree=7'), /"Tree=7" stands where 'Tree=1' belongs/],
  [
    'no whole number of iterations',
    SMALL.replace('num_tree_per_iteration=1', 'num_tree_per_iteration=3'),
    '1 trees are no whole number of iterations of 3 trees each',
  ],
  [
    'an unknown objective',
    SMALL.replace('=regression', '=magic'),
    /line 7, field objective: "magic" is not one of regression, /,
  ],
  [
    'an objective without its parameter',
    SMALL.replace('=regression', '=binary'),
    'line 7, field objective: "binary" needs sigmoid: and a number above 0',
  ],
  [
    'an objective of other classes',
    SMALL.replace('=regression', '=multiclass num_class:4'),
    /makes 4 scores of a row; num_tree_per_iteration is 1/,
  ],
  [
    'categories that are no JSON',
    SMALL.replace('categorical:null', 'categorical:[[1,'),
    'line 27, field pandas_categorical: it is not JSON',
  ],
  [
    'categories that are no lists',
    SMALL.replace('categorical:null', 'categorical:[{}]'),
    /it is not a JSON list of lists/,
  ],
  [
    'a linear model of unknown features',
    linear.replace(/leaf_features=(?=\d)/, 'leaf_features=9'),
    /field leaf_features: "9\d" is not an integer from 0 to 3/,
  ],
  [
    'linear models that are too many',
    linear.replace(/num_features=1/, 'num_features=3'),
    /field leaf_features: \d+ numbers (?:where|are needed)/,
  ],
]

suite('a broken file fails to load, and the error says where', () => {
  for (const [title, text, message] of BROKEN) {
    test(title, () => {
      assert.throws(
        () => load(text),
        (error: unknown) => {
          assert.ok(ServingError.is(error), String(error))
          assert.equal(error.code, 'FAILED_PRECONDITION')
          assert.match(error.message, /^LightGBM model 'm\.txt' cannot be served: /)
          if (typeof message === 'string') assert.ok(error.message.endsWith(message), error.message)
          else assert.match(error.message, message)
          return true
        },
      )
    })
  }
})

test('whatever is done to a sound file, it loads and predicts, or is refused', () => {
  const hostile = fc.constantFrom(
    '',
    '-1',
    '0',
    '1',
    '99999999',
    '4294967295',
    '1e308',
    '-1e999',
    'nan',
    'inf',
    '=',
    '\n',
    '\n\n',
    ' ',
    'Tree=0',
    'x',
    '\u0000',
    '9'.repeat(400),
  )
  const change = fc.record({
    at: fc.double({ min: 0, max: 1, noNaN: true }),
    length: fc.nat(40),
    put: hostile,
    isToken: fc.boolean(),
  })
  fc.assert(
    fc.property(
      fc.constantFrom(SMALL, sound, linear, table),
      fc.array(change, { minLength: 1, maxLength: 4 }),
      (model, changes) => {
        let text = model
        for (const { at, length, put, isToken } of changes) {
          let from = Math.floor(at * text.length)
          let to = from + length
          if (isToken) {
            while (from > 0 && !' =\n'.includes(text[from - 1]!)) from--
            to = from
            while (to < text.length && !' =\n'.includes(text[to]!)) to++
          }
          text = text.slice(0, from) + put + text.slice(to)
        }
        try {
          const predict = load(text)
          for (const value of [0, -1, 3.5, Number.NaN, 1e300]) predict([value])
        } catch (error) {
          assert.ok(ServingError.is(error), String(error))
          assert.equal(error.code, 'FAILED_PRECONDITION')
        }
      },
    ),
    { numRuns: 1500 },
  )
})

test('a file cut off anywhere before its trees end is refused', () => {
  const end = sound.lastIndexOf('\n\n', sound.indexOf('end of trees'))
  for (let length = 0; length < end; length += 37)
    assert.throws(() => load(sound.slice(0, length)), { code: 'FAILED_PRECONDITION' }, `${length} characters`)
})

test('bytes that are no text at all are refused', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), bytes => {
      assert.throws(() => load(Buffer.from(bytes)), { code: 'FAILED_PRECONDITION' })
      assert.throws(() => load(Buffer.concat([Buffer.from('tree\n'), bytes])), {
        code: 'FAILED_PRECONDITION',
      })
    }),
  )
})
