import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readSettings } from './transformers-settings.ts'

test('every default', () => {
  const { cacheFolder, ...settings } = readSettings({}, {})
  assert.match(cacheFolder, /transformers$/)
  assert.deepEqual(settings, {
    task: undefined,
    model: undefined,
    tokenizer: undefined,
    device: 'cpu',
    dtype: 'fp32',
    subfolder: undefined,
    modelFileName: undefined,
    allowsRemote: false,
    revision: 'main',
    intraOpThreads: 1,
    interOpThreads: 1,
    isTruncating: true,
    maxNewTokens: 1024,
    maxItems: 256,
    maxTextCharacters: 1_000_000,
    maxImagePixels: 50_000_000,
    warnings: [],
  })
})

test('unit parameters go before extra, and that before variables', () => {
  const environment = {
    MLSERVER_MODEL_HUGGINGFACE_TASK: 'fill-mask',
    MLSERVER_MODEL_HUGGINGFACE_DEVICE: '-1',
    MLSERVER_MODEL_HUGGINGFACE_MAX_ITEMS: '5',
    MLSERVER_MODEL_HUGGINGFACE_MODEL_KWARGS: '{"subfolder": "small"}',
    MLSERVER_MODEL_HUGGINGFACE_OPTIMUM_MODEL: 'True',
  }
  const first = readSettings({}, environment)
  assert.equal(first.task, 'fill-mask')
  assert.equal(first.maxItems, 5)
  assert.equal(first.subfolder, 'small')
  assert.deepEqual(first.warnings, [])
  assert.equal(readSettings({ task: 'ner' }, environment).task, 'ner')
  const unit = [
    { name: 'task', value: 'text-generation', type: 'STRING' },
    { name: 'max_items', value: '7', type: 'INT' },
    { name: 'allow_remote', value: 'yes', type: 'BOOL' },
    { name: 'model_uri', value: 's3://x', type: 'STRING' },
  ]
  const last = readSettings(
    { task: 'ner' },
    { ...environment, PREDICTIVE_UNIT_PARAMETERS: JSON.stringify(unit) },
  )
  assert.equal(last.task, 'text-generation')
  assert.equal(last.maxItems, 7)
  assert.equal(last.allowsRemote, true)
  assert.deepEqual(last.warnings, [
    "PREDICTIVE_UNIT_PARAMETERS has 'model_uri', which is no option of this runtime",
  ])
})

test('a translation has a suffix', () => {
  const settings = readSettings({ task: 'translation', task_suffix: '_en_to_fr' }, {})
  assert.equal(settings.task, 'translation_en_to_fr')
  assert.deepEqual(readSettings({ task: 'ner', task_suffix: '_x' }, {}).warnings, [
    "parameters.extra.task_suffix is '_x', which has no effect on any task but translation",
  ])
})

test('devices have several names', () => {
  for (const [device, name] of [
    [-1, 'cpu'],
    ['cpu', 'cpu'],
    [0, 'cuda'],
    ['cuda:0', 'cuda'],
    ['coreml', 'coreml'],
  ]) {
    assert.equal(readSettings({ device }, {}).device, name)
  }
})

test('what has no effect is warned of', () => {
  const { warnings } = readSettings(
    {
      framework: 'pt',
      optimum_model: false,
      model_kwargs: { low_cpu_mem_usage: true, file_name: 'decoder' },
      revision: 'v2',
      cache_dir: '/tmp',
    },
    {},
  )
  assert.deepEqual(warnings, [
    "parameters.extra.model_kwargs has 'low_cpu_mem_usage', which has no effect; subfolder, file_name, revision, dtype have",
    "parameters.extra.framework is 'pt', which has no effect: models are ONNX files",
    'parameters.extra.optimum_model is false, which has no effect: models are ONNX files',
    'parameters.extra.revision has no effect: it is for the model hub, and allow_remote is false',
    'parameters.extra.cache_dir has no effect: it is for the model hub, and allow_remote is false',
  ])
})

for (const [extra, message] of [
  [{ tasks: 'ner' }, /^parameters\.extra\.tasks is not an option; options are task, /],
  [{ task: 5 }, 'parameters.extra.task is 5; allowed is a text'],
  [{ allow_remote: 'yes' }, 'parameters.extra.allow_remote is "yes"; allowed is true or false'],
  [{ model_kwargs: [] }, 'parameters.extra.model_kwargs is []; allowed is an object'],
  [{ max_items: 0 }, 'parameters.extra.max_items is 0; allowed is a whole number from 1 to 2147483647'],
  [{ max_items: 1.5 }, 'parameters.extra.max_items is 1.5; allowed is a whole number'],
  [{ intra_op_threads: 1025 }, /intra_op_threads is 1025; allowed is a whole number from 0 to 1024/],
  [{ dtype: 'fp8' }, /^parameters\.extra\.dtype is "fp8"; allowed is one of fp32, fp16, q8/],
  [{ device: 3 }, /^parameters\.extra\.device is 3; allowed is -1, 0, "cuda:0" or one of cpu/],
  [{ subfolder: '../other' }, /subfolder is "\.\.\/other"; allowed is a name within the model folder/],
  [{ subfolder: '/etc' }, /subfolder is "\/etc"; allowed is a name within/],
  [{ model_file_name: 'a/../../b' }, /model_file_name is .*allowed is a name within/],
  [{ model_kwargs: { file_name: '..\\x' } }, /allowed is a name within the model folder/],
] as const) {
  test(`${JSON.stringify(extra)} is refused`, () => {
    assert.throws(() => readSettings(extra, {}), { code: 'INVALID_ARGUMENT', message })
  })
}

for (const text of [
  '{',
  '{}',
  '[5]',
  '[{"name":"task","value":"x","type":"LIST"}]',
  '[{"value":"x","type":"INT"}]',
]) {
  test(`PREDICTIVE_UNIT_PARAMETERS ${text} is refused`, () => {
    assert.throws(() => readSettings({}, { PREDICTIVE_UNIT_PARAMETERS: text }), {
      code: 'INVALID_ARGUMENT',
      message: /^PREDICTIVE_UNIT_PARAMETERS is .*; allowed is/,
    })
  })
}
