import assert from 'node:assert/strict'
import { cp, mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { TransformersModel } from './index.ts'
import { ask, contextOf, loaded, settingsOf, TEST_MODELS, texts } from './model-fixture.ts'

let scratch: string
let copies = 0

before(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'transformers-'))
})
after(() => rm(scratch, { recursive: true }))

/** A folder like that of a test model, to be damaged. */
async function copyOf(name: string): Promise<string> {
  const folder = join(scratch, `${name}-${++copies}`)
  await cp(join(TEST_MODELS, name), folder, { recursive: true })
  return folder
}

async function changeJson(file: string, changes: object): Promise<void> {
  const value = JSON.parse(await readFile(file, 'utf8')) as object
  await writeFile(file, JSON.stringify({ ...value, ...changes }))
}

async function fails(uri: string, message: RegExp, extra: Record<string, unknown> = {}): Promise<void> {
  const model = new TransformersModel(settingsOf('m', { uri, extra }))
  await assert.rejects(async () => model.load(contextOf().context), { code: 'FAILED_PRECONDITION', message })
}

test('the task follows from the configuration, and the log says so', async () => {
  const { lines } = await loaded('tokens')
  assert.deepEqual(lines, [
    'info: the task is token-classification, because config.json names the architecture BertForTokenClassification',
  ])
  assert.deepEqual((await loaded('tokens', { extra: { task: 'ner' } })).lines, [])
})

test('settings without effect are warned of', async () => {
  const { lines } = await loaded('tokens', { extra: { task: 'ner', framework: 'tf' } })
  assert.deepEqual(lines, [
    "warn: parameters.extra.framework is 'tf', which has no effect: models are ONNX files",
  ])
})

test('files may lie in the folder itself, and the tokenizer in another', async () => {
  const folder = await copyOf('classification')
  await cp(join(folder, 'onnx', 'model.onnx'), join(folder, 'model.onnx'))
  await rm(join(folder, 'onnx'), { recursive: true })
  const tokenizer = await copyOf('tokens')
  await rm(join(folder, 'tokenizer.json'))
  const model = await loaded('m', { uri: folder, extra: { pretrained_tokenizer: tokenizer } })
  const expected = await ask(await loaded('classification'), [texts('args', ['a good film'])])
  assert.deepEqual(await ask(model, [texts('args', ['a good film'])]), expected)
})

test('pretrained_model goes before the folder', async () => {
  const model = await loaded('tokens', { extra: { pretrained_model: 'classification' } })
  assert.equal((await ask(model, [texts('args', ['good'])])).length, 1)
})

test('a file of another precision is chosen by dtype', async () => {
  const folder = await copyOf('classification')
  await cp(join(folder, 'onnx', 'model.onnx'), join(folder, 'onnx', 'model_quantized.onnx'))
  await rm(join(folder, 'onnx', 'model.onnx'))
  const model = await loaded('m', { uri: folder, extra: { dtype: 'q8' } })
  assert.equal((await ask(model, [texts('args', ['good'])])).length, 1)
  await fails(folder, /model\.onnx' is missing \(dtype is fp32; '.*onnx' holds model_quantized\.onnx\)$/)
})

test('a reload finds what has come since', async () => {
  const folder = await copyOf('classification')
  const settings = await readFile(join(folder, 'tokenizer_config.json'))
  await rm(join(folder, 'tokenizer_config.json'))
  const before = await loaded('m', { uri: folder })
  await ask(before, [texts('args', ['good'])])
  await writeFile(join(folder, 'tokenizer_config.json'), settings)
  const after = await loaded('m', { uri: folder, maxBatchSize: 4 })
  assert.equal((await ask(after, [texts('args', ['good', 'a cold day'])])).length, 2)
})

test('a folder that is not there, or is a file', async () => {
  await fails(join(scratch, 'none'), /Invalid URI specified for model m/)
  await fails(join(TEST_MODELS, 'requests.json'), /which is no folder; a model is a folder with config\.json/)
})

test('missing files are named', async () => {
  for (const [name, file] of [
    ['classification', 'config.json'],
    ['classification', 'tokenizer.json'],
    ['classification', 'onnx/model.onnx'],
    ['image', 'preprocessor_config.json'],
    ['text2text', 'onnx/decoder_model_merged.onnx'],
  ] as const) {
    const folder = await copyOf(name)
    await rm(join(folder, file))
    await fails(folder, new RegExp(`${file.replaceAll('.', '\\.')}' is missing`))
  }
})

test('damaged files are named', async () => {
  for (const [name, file, content] of [
    ['classification', 'config.json', '{"model_type":'],
    ['classification', 'config.json', '[]'],
    ['classification', 'tokenizer.json', 'null'],
    ['classification', 'tokenizer.json', '{}'],
    ['classification', 'tokenizer.json', '{"model":{"type":"WordPiece","vocab":5}}'],
    ['classification', 'tokenizer_config.json', '"x"'],
    ['image', 'preprocessor_config.json', '{}'],
    ['classification', 'config.json', '['.repeat(100_000)],
  ] as const) {
    const folder = await copyOf(name)
    await writeFile(join(folder, file), content)
    await fails(folder, new RegExp(folder.replaceAll('.', '\\.')))
  }
})

test('damaged ONNX files are load errors', async () => {
  for (const bytes of [0, 100, 15_000]) {
    const folder = await copyOf('classification')
    await truncate(join(folder, 'onnx', 'model.onnx'), bytes)
    await fails(folder, /cannot be loaded: /)
  }
})

test('an ONNX file does not reach out of its folder', async () => {
  const folder = await copyOf('classification')
  await cp(join(TEST_MODELS, '..', 'test-models', 'outside.onnx'), join(folder, 'onnx', 'model.onnx'))
  await writeFile(join(scratch, 'secret.bin'), new Uint8Array(4096))
  await fails(folder, /cannot be loaded: .*(?:escapes|external data|outside)/i)
})

test('a model that is not served says so', async () => {
  const folder = await copyOf('classification')
  await changeJson(join(folder, 'config.json'), { model_type: 'newest' })
  await fails(folder, /has model_type "newest", which Transformers\.js does not run for text-classification$/)
  await changeJson(join(folder, 'config.json'), { model_type: undefined })
  await fails(folder, /has model_type undefined, which Transformers\.js does not run/)
  await changeJson(join(folder, 'config.json'), { architectures: ['Strange'] })
  await fails(folder, /^the task is not set, and config\.json has the architectures \["Strange"\]/)
  await fails(folder, /^the task 'text-to-audio' is not served; served are text-classification, /, {
    task: 'text-to-audio',
  })
})

test('counts without end are refused before anything is made of them', async () => {
  const folder = await copyOf('generation')
  await changeJson(join(folder, 'config.json'), { n_layer: 1e12 })
  await fails(folder, /config\.json': n_layer is 1000000000000; at most 10000 are allowed/)
  const nested = await copyOf('generation')
  await changeJson(join(nested, 'config.json'), { text_config: { num_hidden_layers: 10_001 } })
  await fails(nested, /num_hidden_layers is 10001/)
})

test('files without end are refused unread, and nesting without end, too', async () => {
  const large = await copyOf('classification')
  await truncate(join(large, 'tokenizer.json'), 300 * 1024 * 1024)
  await fails(large, /tokenizer\.json' has 314572800 bytes; at most 268435456 are allowed$/)
  const nested = await copyOf('classification')
  const depth = 5000
  const sequence = '{"type":"Sequence","normalizers":['
  await changeJson(join(nested, 'tokenizer.json'), { normalizer: 'HERE' })
  const text = await readFile(join(nested, 'tokenizer.json'), 'utf8')
  await writeFile(
    join(nested, 'tokenizer.json'),
    text.replace('"HERE"', `${sequence.repeat(depth)}{"type":"Lowercase"}${']}'.repeat(depth)}`),
  )
  await fails(nested, /tokenizer\.json' (?:is nested|is no JSON)|tokenizer\.json that cannot be used/)
  const deep = await copyOf('classification')
  await writeFile(join(deep, 'config.json'), `{"a":${'{"a":'.repeat(40)}1${'}'.repeat(40)}}`)
  await fails(deep, /config\.json' is nested more than 32 objects deep$/)
})

test('what a model says of its generation does not go beyond the settings', async () => {
  const folder = await copyOf('endless')
  const generation = {
    num_beams: 1e9,
    num_return_sequences: 5,
    return_dict_in_generate: true,
    max_length: 1e9,
  }
  await writeFile(join(folder, 'generation_config.json'), JSON.stringify(generation))
  const model = await loaded('m', { uri: folder, extra: { max_new_tokens_limit: 5 } })
  const plain = await loaded('endless')
  const expected = await ask(plain, [texts('args', ['a'])], { max_new_tokens: 5 })
  assert.deepEqual(await ask(model, [texts('args', ['a'])]), expected)
})

test('a content type of other requests is refused', async () => {
  const model = new TransformersModel(settingsOf('classification', { contentType: 'pd' }))
  await assert.rejects(async () => model.load(contextOf().context), {
    code: 'INVALID_ARGUMENT',
    message: `parameters.content_type is "pd"; allowed are 'hf' and 'str'`,
  })
})

test('a load that takes too long is over', async () => {
  const model = new TransformersModel(settingsOf('classification'))
  const reason = new Error('too long')
  await assert.rejects(async () => model.load(contextOf(AbortSignal.abort(reason)).context), reason)
})

test('a device that this machine does not have is a load error', async () => {
  await fails(join(TEST_MODELS, 'classification'), /cannot be loaded: .*dml/i, { device: 'dml' })
})

test('labels and joined requests do not go together', async () => {
  const settings = settingsOf('zero-shot', { maxBatchSize: 4, extra: { task: 'zero-shot-classification' } })
  const model = new TransformersModel(settings)
  await assert.rejects(async () => model.load(contextOf().context), {
    code: 'FAILED_PRECONDITION',
    message: /^max_batch_size is 4: requests of zero-shot-classification have labels of their own/,
  })
})

test('a model is answered only while it is loaded', async () => {
  const { model, bound } = await loaded('classification')
  await model.unload()
  await model.unload()
  await assert.rejects(bound.predict({ modelName: 'm', inputs: [] }, contextOf().context), {
    code: 'UNAVAILABLE',
  })
})
