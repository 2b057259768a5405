import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Parameters, TensorLike } from '@millrace/sdk'
import { ask, loaded, texts } from './model-fixture.ts'

const classification = await loaded('classification')
const questions = await loaded('answers')
const zeroShot = await loaded('zero-shot', { extra: { task: 'zero-shot-classification' } })

const count = (name: string, value: number): TensorLike => ({
  name,
  datatype: 'INT64',
  shape: [1],
  data: [BigInt(value)],
})

test('the first argument has several names', async () => {
  const expected = await ask(classification, [texts('args', ['a good film'])])
  for (const name of ['array_inputs', 'inputs', 'text_inputs', 'texts'])
    assert.deepEqual(await ask(classification, [texts(name, ['a good film'])]), expected)
  for (const contentType of ['str', 'raw', 'pd_json', 'hg_jsonlist', 'hg_json']) {
    const text = contentType.includes('json') ? '"a good film"' : 'a good film'
    assert.deepEqual(await ask(classification, [texts('args', [text], contentType)]), expected)
  }
})

test('an option is a parameter of the request or an input, of any datatype that holds it', async () => {
  const input = texts('args', ['a good film'])
  const expected = await ask(classification, [input], { top_k: 2 })
  assert.equal(expected.length, 2)
  const others: TensorLike[] = [
    count('top_k', 2),
    { name: 'top_k', datatype: 'INT32', shape: [1], data: [2] },
    { name: 'top_k', datatype: 'FP64', shape: [1], data: [2] },
    texts('top_k', ['2'], 'raw'),
    texts('top_k', ['2'], 'hg_json'),
  ]
  for (const other of others) assert.deepEqual(await ask(classification, [input, other]), expected)
})

test('what the request says of itself and of protocols is no option', async () => {
  const input = [texts('args', ['good'])]
  for (const parameters of [{ content_type: 'str' }, { content_type: 'hf' }, { priority: 1, timeout: 5 }])
    assert.equal((await ask(classification, input, parameters)).length, 1)
})

test('a question and its context come by name or by place', async () => {
  const [question, context] = ['Where is the bridge?', 'the bridge is in zurich']
  const [answer] = await ask(questions, [texts('question', [question]), texts('context', [context])])
  assert.deepEqual(await ask(questions, [texts('args', [question, context])]), [answer])
  const several = [texts('question', [question, 'Who?']), texts('context', [context])]
  const answers = await ask(questions, several)
  assert.equal(answers.length, 2)
  assert.deepEqual(answers[0], answer)
})

test('labels are a list, or one text with commas', async () => {
  const input = texts('args', ['The film was very good'])
  const labels = ['film', 'train', 'snow']
  const expected = await ask(zeroShot, [input, texts('candidate_labels', labels)])
  for (const given of [
    [input, texts('candidate_labels', ['film, train,snow'])],
    [input, texts('candidate_labels', [JSON.stringify(labels)], 'hg_json')],
    [texts('args', ['The film was very good', 'film,train,snow'])],
    [texts('array_inputs', ['The film was very good']), texts('args', labels)],
  ]) {
    assert.deepEqual(await ask(zeroShot, given), expected)
  }
  const [each] = await ask(zeroShot, [input, texts('candidate_labels', labels)], { multi_label: true })
  assert.notDeepEqual(each, expected[0])
})

const invalid: readonly (readonly [
  what: string,
  inputs: readonly TensorLike[],
  parameters: Parameters | undefined,
  message: RegExp,
])[] = [
  ['no input', [], undefined, /^there is no input 'args', 'array_inputs' or 'text_inputs'/],
  ['an empty input', [texts('args', [])], undefined, /^input 'args' is empty$/],
  [
    'the same argument twice',
    [texts('args', ['a']), texts('inputs', ['b'])],
    undefined,
    /^inputs 'args' and 'inputs' are the same argument; give one$/,
  ],
  [
    'an unknown input',
    [texts('args', ['a']), texts('context', ['b'])],
    undefined,
    /^'context' is neither an argument nor an option of text-classification; options are top_k$/,
  ],
  ['an unknown option', [texts('args', ['a'])], { streamer: 'x' }, /^'streamer' is neither an argument nor/],
  ['an option twice', [texts('args', ['a']), count('top_k', 2)], { top_k: 2 }, /^'top_k' is given twice$/],
  ['a wrong option', [texts('args', ['a'])], { top_k: 0 }, /^'top_k' is 0; allowed is a whole number from 1/],
  ['an option of text', [texts('args', ['a'])], { top_k: 'many' }, /^'top_k' is "many"; allowed/],
  [
    'options that differ',
    [texts('args', ['a']), { name: 'top_k', datatype: 'INT64', shape: [2], data: [1n, 2n] }],
    undefined,
    /^'top_k' is .*; allowed is a whole number/,
  ],
  [
    'numbers for texts',
    [{ name: 'args', datatype: 'FP32', shape: [2], data: [1, 2] }],
    undefined,
    /^input 'args', element 0 is neither a text nor a conversation/,
  ],
  [
    'a conversation for a classifier',
    [texts('args', ['[{"role":"user","content":"a"}]'], 'hg_json')],
    undefined,
    /^input 'args', element 0 is a conversation, which text-classification does not read$/,
  ],
  [
    'a content type of tables',
    [texts('args', ['a'])],
    { content_type: 'pd' },
    /^the content type of the request is "pd"; allowed are 'hf' and 'str'$/,
  ],
  [
    'a name of the prototype',
    [texts('args', ['a'])],
    { constructor: 1 },
    /^'constructor' is neither an argument nor an option/,
  ],
]

for (const [what, inputs, parameters, message] of invalid) {
  test(`${what} is refused`, () =>
    assert.rejects(ask(classification, inputs, parameters), { code: 'INVALID_ARGUMENT', message }))
}

test('a task with two arguments asks for the second', async () => {
  await assert.rejects(ask(questions, [texts('question', ['Where?'])]), {
    message: "there is no input 'context', which question-answering needs",
  })
  await assert.rejects(ask(questions, [texts('question', ['a', 'b', 'c']), texts('context', ['a', 'b'])]), {
    message: "input 'context' has 2 elements and 'question' 3; they must be as many, or one",
  })
  await assert.rejects(ask(zeroShot, [texts('args', ['a']), texts('candidate_labels', ['a,,b'])]), {
    message: "input 'candidate_labels' has an empty label",
  })
})

test('what only the pipeline finds out is the request’s fault, too', async () => {
  const mask = await loaded('mask')
  await assert.rejects(ask(mask, [texts('args', ['there is none'])]), {
    code: 'INVALID_ARGUMENT',
    message: 'the pipeline cannot answer this request: Mask token ([MASK]) not found in text.',
  })
  const features = await loaded('features')
  await assert.rejects(ask(features, [texts('args', ['a'])], { pooling: 'best' }), {
    code: 'INVALID_ARGUMENT',
    message: /Pooling method 'best' not supported/,
  })
})

test('numbers and lengths of texts have bounds', async () => {
  const model = await loaded('classification', { extra: { max_items: 2, max_text_characters: 5 } })
  assert.equal((await ask(model, [texts('args', ['a', '12345'])])).length, 2)
  await assert.rejects(ask(model, [texts('args', ['a', 'b', 'c'])]), {
    code: 'INVALID_ARGUMENT',
    message: "input 'args' has 3 elements; at most 2 are allowed (max_items)",
  })
  await assert.rejects(ask(model, [texts('args', ['a', '123456'])]), {
    code: 'INVALID_ARGUMENT',
    message: "input 'args', element 1 has 6 characters; at most 5 are allowed (max_text_characters)",
  })
})

test('a text of too many tokens is cut, or refused where the settings say so', async () => {
  const long = [texts('args', ['over '.repeat(100)])]
  assert.equal((await ask(classification, long)).length, 1)
  const strict = await loaded('classification', { extra: { truncation: false } })
  assert.equal((await ask(strict, [texts('args', ['over '.repeat(46)])])).length, 1)
  await assert.rejects(ask(strict, [texts('args', ['over '.repeat(47)])]), {
    code: 'INVALID_ARGUMENT',
    message: 'a text has 49 tokens; the model reads at most 48, and truncation is off',
  })
})

test('texts of one request are answered alike in batches of every size', async () => {
  const all = ['a good film', 'The train is slow', 'cold', 'never', 'a very long day in the old city']
  const expected = await ask(classification, [texts('args', all)], { top_k: 3 })
  for (const maxBatchSize of [2, 3, 8]) {
    const model = await loaded('classification', { maxBatchSize })
    const answers = await ask(model, [texts('args', all)], { top_k: 3 })
    assert.deepEqual(labelsOf(answers), labelsOf(expected))
    const one = await ask(model, [texts('args', all.slice(0, 1))], { top_k: 3 })
    assert.deepEqual(labelsOf(one), labelsOf(answers.slice(0, 1)))
  }
})

function labelsOf(answers: readonly unknown[]): string[][] {
  return (answers as { label: string }[][]).map(list => list.map(({ label }) => label))
}

test('lists as options do not mix where requests are joined', async () => {
  const model = await loaded('tokens', { maxBatchSize: 4 })
  const inputs = [texts('args', ['a', 'b']), texts('ignore_labels', ['O', 'B-PER'])]
  await assert.rejects(ask(model, inputs), {
    message: "'ignore_labels' must be a parameter of the request where requests are joined (max_batch_size)",
  })
  const all = { ignore_labels: ['O', 'B-PER', 'I-PER', 'B-LOC', 'I-LOC'] }
  assert.deepEqual(await ask(model, [texts('args', ['a', 'b'])], all), [[], []])
})
