import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { type Files, modelFiles, startTestServer, type TestServer } from './test-server.ts'

const MIB = 1024 * 1024
const INPUTS = [{ name: 'x', datatype: 'FP32', shape: [-1, 2] }]
const SETTINGS = { inputs: INPUTS, warm_up: ['warm.json'], parameters: { uri: './weights.bin' } }
const REQUEST = { inputs: [{ name: 'x', datatype: 'FP32', shape: [1, 2], data: [1, 2] }] }
const SERVER_THREAD = 0

/** Where each load of a model notes its thread; it fails in the server once `broken` stands there. */
interface Notes {
  readonly file: string
  readonly loads: () => Promise<readonly number[]>
  readonly breakServer: () => Promise<void>
}

async function startNotes(t: TestContext): Promise<Notes> {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-notes-'))
  t.after(() => rm(folder, { recursive: true }))
  const file = join(folder, 'loads')
  await writeFile(file, '')
  return {
    file,
    async loads() {
      const lines = (await readFile(file, 'utf8')).split('\n').slice(0, -1)
      await writeFile(file, '')
      return lines.map(Number)
    },
    breakServer: () => writeFile(`${file}-broken`, ''),
  }
}

function filesOf(name: string, { file }: Notes, spinMs = 0, more = '', settings: object = {}): Files {
  const code = `import { appendFileSync, existsSync } from 'node:fs'
import { threadId } from 'node:worker_threads'
${more}
export class TestModel {
  memoryBytes() { return ${10 * MIB} }
  load() {
    appendFileSync(${JSON.stringify(file)}, threadId + '\\n')
    if (threadId === 0 && existsSync(${JSON.stringify(`${file}-broken`)})) throw new Error('it is broken here')
  }
  predict() {
    const endMs = performance.now() + ${spinMs}
    while (performance.now() < endMs);
    return { outputs: [{ name: 'thread', datatype: 'INT32', shape: [1], data: [threadId] }] }
  }
}
`
  return {
    ...modelFiles(name, code, { ...SETTINGS, ...settings }),
    [`${name}/weights.bin`]: 'weights',
    [`${name}/warm.json`]: JSON.stringify(REQUEST),
  }
}

/** Room for one model: whichever is asked, the other is unloaded. */
const BUDGET = { model_memory_budget: 15 * MIB, parallel_workers: 1 }

/** The thread that answers. */
async function threadOf({ post }: TestServer, model: string): Promise<number> {
  const { status, body } = await post(`/v2/models/${model}/infer`, REQUEST)
  assert.equal(status, 200, JSON.stringify(body))
  return (body as { outputs: { data: number[] }[] }).outputs[0]!.data[0]!
}

async function reasonOf({ get }: TestServer, model: string): Promise<string> {
  const { body } = await get(`/v2/models/${model}`)
  return (body as { parameters: Record<string, string> }).parameters['placement_reason']!
}

/** Asked once, so that the model is remembered, and unloaded again. */
async function startRemembered(t: TestContext, notes: Notes): Promise<TestServer> {
  const other = modelFiles(
    'other',
    `export class TestModel { memoryBytes() { return ${10 * MIB} } predict() { return { outputs: [] } } }`,
    { placement: 'server' },
  )
  const bed = await startTestServer(t, { ...filesOf('m', notes), ...other }, BUDGET)
  await bed.server.started
  assert.equal(await threadOf(bed, 'm'), SERVER_THREAD)
  assert.match(await reasonOf(bed, 'm'), /^it answers in 0\.\d+ ms, sooner/)
  await giveWay(bed)
  await notes.loads()
  return bed
}

async function giveWay({ post, server }: TestServer): Promise<void> {
  assert.equal((await post('/v2/models/other/infer', { inputs: [] })).status, 200)
  assert.equal(server.registry.isLoaded('m'), false)
}

test('a quick model that comes back is loaded in the server alone', async t => {
  const notes = await startNotes(t)
  const bed = await startRemembered(t, notes)
  for (let again = 0; again < 3; again++) {
    assert.equal(await threadOf(bed, 'm'), SERVER_THREAD)
    assert.deepEqual(await notes.loads(), [SERVER_THREAD])
    assert.match(await reasonOf(bed, 'm'), /^remembered: it answers in 0\.\d+ ms, sooner/)
    await giveWay(bed)
  }
  const reasons = bed.log.filter(({ message, model }) => message === 'loaded' && model === 'm')
  assert.match(String(reasons.at(-1)?.['because']), /^remembered: /)
})

test('a slow one is not tried again in its worker', async t => {
  const notes = await startNotes(t)
  const files = filesOf('m', notes, 2)
  const bed = await startTestServer(t, files, BUDGET)
  await bed.server.started
  assert.notEqual(await threadOf(bed, 'm'), SERVER_THREAD)
  assert.match(await reasonOf(bed, 'm'), /^it answers in [\d.]+ ms, longer/)
  await bed.server.registry.unload('m')
  await notes.loads()
  assert.notEqual(await threadOf(bed, 'm'), SERVER_THREAD)
  assert.match(await reasonOf(bed, 'm'), /^remembered: it answers in [\d.]+ ms, longer/)
  assert.equal((await notes.loads()).length, 1)
})

test('a model of which anything has changed is tried anew, and that is remembered', async t => {
  const notes = await startNotes(t)
  const bed = await startRemembered(t, notes)
  const deeper = { parameters: { uri: './weights.bin', extra: { depth: 2 } } }
  for (const [what, files] of Object.entries<Files>({
    'its artefact': { 'm/weights.bin': 'other weights' },
    'a file that its code may import': { 'm/lib/more.ts': '' },
    'a warm-up request': { 'm/warm.json': `${JSON.stringify(REQUEST)}\n` },
    'its code': filesOf('m', notes, 0, '// changed'),
    'its parameters': filesOf('m', notes, 0, '// changed', deeper),
  })) {
    await bed.write(files)
    assert.equal(await threadOf(bed, 'm'), SERVER_THREAD, what)
    assert.equal((await notes.loads()).length, 2, what)
    assert.match(await reasonOf(bed, 'm'), /^it answers in/, what)
    await giveWay(bed)
    await threadOf(bed, 'm')
    assert.deepEqual(await notes.loads(), [SERVER_THREAD], what)
    await giveWay(bed)
  }
})

test('a model that is loaded again by hand while it is loaded is tried anew, and that is remembered', async t => {
  const notes = await startNotes(t)
  const bed = await startRemembered(t, notes)
  await threadOf(bed, 'm')
  assert.deepEqual(await notes.loads(), [SERVER_THREAD])
  assert.equal((await bed.post('/v2/repository/models/m/load', {})).status, 200)
  assert.equal((await notes.loads()).length, 2)
  assert.match(await reasonOf(bed, 'm'), /^it answers in/)
  await giveWay(bed)
  await threadOf(bed, 'm')
  assert.deepEqual(await notes.loads(), [SERVER_THREAD])
})

test('one that does not load in the server any more is tried at once, and serves from a worker', async t => {
  const notes = await startNotes(t)
  const bed = await startRemembered(t, notes)
  await notes.breakServer()
  assert.notEqual(await threadOf(bed, 'm'), SERVER_THREAD)
  assert.equal(await reasonOf(bed, 'm'), 'it does not load in the server')
  assert.ok(bed.log.some(({ level, message }) => level === 'warn' && /tried anew/.test(String(message))))
})

test('without a budget of memory nothing is remembered', async t => {
  const notes = await startNotes(t)
  const bed = await startTestServer(t, filesOf('m', notes), { parallel_workers: 1 })
  await bed.server.started
  await bed.server.registry.unload('m')
  await notes.loads()
  await bed.server.registry.load('m')
  assert.equal((await notes.loads()).length, 2)
  assert.match(await reasonOf(bed, 'm'), /^it answers in/)
})
