import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { env } from '@huggingface/transformers'
import { TransformersModel } from './index.ts'
import { ask, contextOf, loaded, settingsOf, TEST_MODELS, texts } from './model-fixture.ts'

/** Stands for the model hub: has the files of the test models. */
const asked: string[] = []
const hub = createServer((request, response) => {
  const path = request.url!
  asked.push(path)
  const [, name, file] = /^\/[^/]+\/([^/]+)\/resolve\/main\/(.*)$/.exec(path) ?? []
  readFile(join(TEST_MODELS, name ?? '', file ?? '')).then(
    content => response.end(content),
    () => response.writeHead(404).end(),
  )
})
let cache: string

before(async () => {
  cache = await mkdtemp(join(tmpdir(), 'transformers-hub-'))
  hub.listen(0, '127.0.0.1')
  await once(hub, 'listening')
  env.remoteHost = `http://127.0.0.1:${(hub.address() as AddressInfo).port}/`
})
after(async () => {
  hub.close()
  await rm(cache, { recursive: true })
})

test('the hub is not asked unless the settings allow it', async () => {
  for (const field of ['pretrained_model', 'pretrained_tokenizer']) {
    const extra = { [field]: 'somebody/classification' }
    const model = new TransformersModel(settingsOf('classification', { extra }))
    await assert.rejects(async () => model.load(contextOf().context), {
      code: 'FAILED_PRECONDITION',
      message: new RegExp(
        `^parameters\\.extra\\.${field} is 'somebody/classification': there is no folder .*, and the model hub is not asked unless parameters\\.extra\\.allow_remote is true$`,
      ),
    })
  }
  assert.deepEqual(asked, [])
})

test('a name that is none of the hub’s is refused', async () => {
  for (const name of ['../elsewhere', '/nowhere', 'a/b/c', 'a/../b', 'http://example.test/x']) {
    const extra = { pretrained_model: name, allow_remote: true }
    const model = new TransformersModel(settingsOf('classification', { extra }))
    await assert.rejects(async () => model.load(contextOf().context), {
      code: 'FAILED_PRECONDITION',
      message: /: there is no folder '[^']*'$/,
    })
  }
  assert.deepEqual(asked, [])
})

test('with the setting the library asks the hub, and what it gave is kept', async () => {
  const extra = {
    pretrained_model: 'somebody/classification',
    task: 'text-classification',
    allow_remote: true,
    cache_dir: cache,
  }
  const local = await ask(await loaded('classification'), [texts('args', ['a good film'])])
  const remote = await loaded('m', { extra })
  assert.deepEqual(await ask(remote, [texts('args', ['a good film'])]), local)
  assert.ok(asked.includes('/somebody/classification/resolve/main/onnx/model.onnx'))
  const before = asked.length
  const again = await loaded('m', { extra })
  assert.deepEqual(await ask(again, [texts('args', ['a good film'])]), local)
  assert.equal(asked.length, before)
})

test('a model that is not on the hub is a load error', async () => {
  const extra = { pretrained_model: 'somebody/nothing', allow_remote: true, cache_dir: cache }
  const model = new TransformersModel(settingsOf('m', { extra }))
  await assert.rejects(async () => model.load(contextOf().context), {
    code: 'FAILED_PRECONDITION',
    message: /^'somebody\/nothing' cannot be loaded: /,
  })
})

test('a model of local files asks nobody, also when others may', async () => {
  const before = asked.length
  await ask(await loaded('image'), [texts('args', [(await pictureOf()) ?? ''])])
  await ask(await loaded('text2text', { extra: { task: 'summarization' } }), [texts('args', ['a'])])
  assert.equal(asked.length, before)
  await assert.rejects(async () => env.fetch(env.remoteHost), {
    code: 'PERMISSION_DENIED',
    message: /is not asked: files are local only$/,
  })
})

async function pictureOf(): Promise<string | undefined> {
  const requests = JSON.parse(await readFile(join(TEST_MODELS, 'requests.json'), 'utf8')) as {
    model: string
    inputs: { args: string[] }
  }[]
  return requests.find(({ model }) => model === 'image')?.inputs.args[0]
}
