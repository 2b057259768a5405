import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, suite, test } from 'node:test'
import type { BytesArray, Tensor } from '@millrace/sdk'
import { decodeContract, type HydrosphereGeneration } from '@millrace/sdk/protocol'
import { refusalOf } from './bed/gateway-calls.ts'
import { BUILT_IN, field, type ServableView } from './bed/manager-calls.ts'
import {
  registerProgram,
  registerScripted,
  SCRIPTED,
  SCRIPTED_COMMAND,
  scripted,
  startBed,
} from './bed/up-bed.ts'

const bed = await startBed()
after(() => bed.close())
await registerScripted(bed)
for (const generation of ['G1', 'G2'] as const) {
  await registerProgram(bed, `conformance/scripted:${generation}`, SCRIPTED_COMMAND, {
    MILLRACE_GENERATION: generation,
  })
}

const X = [field('x', 'DOUBLE', [])]
const Y = [field('y', 'DOUBLE', [])]
const SAID = [field('said', 'STRING', [-1], 'TEXT')]
const one = { name: 'x', datatype: 'FP64', shape: [], data: [1] } as const
const texts = (outputs: ReadonlyMap<string, Tensor>) => (outputs.get('said')!.data as BytesArray).toStrings()

/** Deploys without waiting. */
const deploy = (modelName: string, more: object = {}) =>
  bed.ok<ServableView>('POST', '/api/v2/servable', { modelName, version: 1, ...more })

/** Tells what is in its environment. */
const looksAround = (generation: HydrosphereGeneration) => `
  import { readFileSync } from 'node:fs'
  export const generation = '${generation}'
  export function predict() {
    const { APP_PORT, MODEL_DIR, COLOUR = 'none' } = process.env
    const contract = readFileSync(MODEL_DIR + '/contract.protobin').toString('hex')
    const deep = readFileSync(MODEL_DIR + '/files/a/b/c.txt', 'utf8')
    const data = [contract, deep, APP_PORT, COLOUR]
    return [{ name: 'said', datatype: 'BYTES', shape: [data.length], data }]
  }`

suite('what a runtime finds', { concurrency: 1 }, () => {
  test('check 13: the contract in the generation of the runtime, files with their folders', async () => {
    for (const [generation, image] of [
      ['G1', 'conformance/scripted:G1'],
      ['G2', 'conformance/scripted:G2'],
      ['G3', SCRIPTED],
    ] as const) {
      const name = `looks-${generation.toLowerCase()}`
      const version = await bed.release({
        ...scripted(name, '', X, SAID),
        files: { 'behave.mjs': looksAround(generation), 'a/b/c.txt': 'deep' },
        runtime: image,
      })
      const { fullName } = await bed.serve(version)
      const [contract = '', deep] = texts(await bed.gateway.predict('PredictServable', fullName, [one]))
      assert.equal(deep, 'deep')
      const { signatures } = decodeContract(new Uint8Array(Buffer.from(contract, 'hex')), generation)
      assert.deepEqual(
        signatures.map(signature => [signature.name, signature.inputs[0]?.name, signature.outputs[0]?.name]),
        [['act', 'x', 'said']],
      )
    }
  })

  test('check 14: APP_PORT and MODEL_DIR cannot be changed by a deployment configuration, other variables can', async () => {
    await bed.ok('POST', '/api/v2/deployment_configuration', {
      name: 'coloured',
      container: { env: { APP_PORT: '1', MODEL_DIR: '/nowhere', COLOUR: 'red' } },
    })
    const { fullName } = await deploy('looks-g3', { deploymentConfigName: 'coloured' })
    await bed.servableIn(fullName, 'Serving')
    const [, , port, colour] = texts(await bed.gateway.predict('PredictServable', fullName, [one]))
    assert.notEqual(port, '1')
    assert.equal(colour, 'red')
  })
})

suite('when a runtime is ready', { concurrency: 1 }, () => {
  const answers = "export const predict = () => [{ name: 'y', datatype: 'FP64', shape: [], data: [1] }]\n"
  const status = (word: string, message: string) =>
    `${answers}export const generation = 'G2'\nexport const status = () => ({ status: '${word}', message: '${message}' })\n`

  test('check 18: in G2 when Status says SERVING; NOT_SERVING is shown with its message', async () => {
    const good = await bed.release({
      ...scripted('says-serving', status('SERVING', 'here'), X, Y),
      runtime: 'conformance/scripted:G2',
    })
    await bed.serve(good)
    await bed.release({
      ...scripted('says-not', status('NOT_SERVING', 'no weights'), X, Y),
      runtime: 'conformance/scripted:G2',
    })
    const { fullName } = await deploy('says-not')
    const { statusMessage } = await bed.servableIn(fullName, 'NotServing')
    assert.match(statusMessage ?? '', /no weights/)
  })

  test('check 19: in G3 when health says so; one with neither when it accepts connections', async () => {
    const silent = `${answers}export const health = false\n`
    for (const [name, code] of [
      ['healthy', answers],
      ['silent', silent],
    ] as const) {
      await bed.serve(await bed.release(scripted(name, code, X, Y)))
    }
    const silentG2 = `${answers}export const generation = 'G2'\n`
    const upload = { ...scripted('silent-g2', silentG2, X, Y), runtime: 'conformance/scripted:G2' }
    await bed.serve(await bed.release(upload))
  })

  test('check 22: a program that ends at once is NotServing, with its last lines', async () => {
    const program = [
      'node',
      '-e',
      'console.log("reading"); console.error("no such contract"); process.exit(3)',
    ]
    await registerProgram(bed, 'conformance/broken:1', program)
    await bed.release({ ...scripted('broken', '', X, Y), runtime: 'conformance/broken:1' })
    const { fullName } = await deploy('broken')
    const { statusMessage } = await bed.servableIn(fullName, 'NotServing')
    assert.match(statusMessage ?? '', /no such contract/)
  })

  test('check 23: a relative command starts in the working folder of its registration', async t => {
    const folder = await mkdtemp(join(tmpdir(), 'millrace-relative-'))
    t.after(() => rm(folder, { recursive: true }))
    await writeFile(join(folder, 'main.mjs'), `await import(${JSON.stringify(SCRIPTED_COMMAND.at(-1))})\n`)
    await registerProgram(
      bed,
      'conformance/relative:1',
      ['node', '--conditions=millrace-source', 'main.mjs'],
      {
        MILLRACE_WORKDIR: folder,
      },
    )
    const upload = { ...scripted('relative', answers, X, Y), runtime: 'conformance/relative:1' }
    await bed.serve(await bed.release(upload))
  })
})

/** Knows one function. */
const choosy = (wanted: string) => `export const generation = 'G1'
  export function predict(inputs, name) {
    if (name !== '${wanted}') throw { code: 3, details: name + ' signature is not present in the model' }
    return [{ name: 'y', datatype: 'FP64', shape: [], data: [2] }]
  }`

suite('what a runtime says', { concurrency: 1 }, () => {
  test('check 17: G1 is told the signature, and its refusal of an unknown one arrives', async () => {
    const runtime = 'conformance/scripted:G1'
    const right = await bed.serve(
      await bed.release({ ...scripted('right-name', choosy('act'), X, Y), runtime }),
    )
    const outputs = await bed.gateway.predict('PredictServable', right.fullName, [one])
    assert.deepEqual(outputs.get('y')?.data, Float64Array.of(2))
    const wrong = await bed.serve(
      await bed.release({ ...scripted('wrong-name', choosy('other'), X, Y), runtime }),
    )
    assert.deepEqual(await refusalOf(bed.gateway.predict('PredictServable', wrong.fullName, [one])), {
      code: 'INVALID_ARGUMENT',
      details: 'act signature is not present in the model',
    })
  })

  test('check 20: INTERNAL, OUT_OF_RANGE and INVALID_ARGUMENT arrive with code and description as they are', async () => {
    const code = `export function predict([{ data: [x] }]) {
        throw { code: x, details: "ValueError('number " + x + "')" }
      }`
    const { fullName } = await bed.serve(await bed.release(scripted('refuses', code, X, Y)))
    for (const [number, name] of [
      [13, 'INTERNAL'],
      [11, 'OUT_OF_RANGE'],
      [3, 'INVALID_ARGUMENT'],
    ] as const) {
      const call = bed.gateway.predict('PredictServable', fullName, [{ ...one, data: [number] }])
      assert.deepEqual(await refusalOf(call), { code: name, details: `ValueError('number ${number}')` })
    }
  })
})

const names = async (path: string) =>
  (await bed.ok<{ name: string }[]>('GET', `/api/v1/runtime${path}`)).map(({ name }) => name)

suite('version 1 of the manager', { concurrency: 1 }, () => {
  const body = {
    name: 'acme/echo',
    version: '1.0',
    modelTypes: ['python:3.6'],
    tags: ['demo'],
    configParams: {},
  }
  interface Record {
    readonly id: number
    readonly status: string
    readonly statusText?: string
    readonly runtime?: object
    readonly startedAt: string
  }
  const settled = async ({ id }: Record) => {
    for (;;) {
      const record = await bed.ok<Record>('GET', `/api/v1/runtime/status/${id}`)
      if (record.status === 'Finished' || record.status === 'Failed') return record
    }
  }

  test('check 24: a runtime is registered with the documented call, and its state told', async () => {
    const command = JSON.stringify(['node', '--version'])
    const record = await bed.ok<Record>('POST', '/api/v1/runtime', {
      ...body,
      configParams: { MILLRACE_COMMAND: command, LOG: '1' },
    })
    assert.match(record.status, /^(?:Pending|Running)$/)
    assert.match(record.startedAt, /^\d{4}-\d\d-\d\dT/)
    const { status, runtime } = await settled(record)
    assert.equal(status, 'Finished')
    assert.partialDeepStrictEqual(runtime, {
      name: 'acme/echo',
      version: '1.0',
      suitableModelType: ['python:3.6'],
      tags: ['demo'],
    })
    const image = await bed.ok<Record>('POST', '/api/v1/runtime', { ...body, name: 'acme/no-such-image' })
    const failed = await settled(image)
    assert.equal(failed.status, 'Failed')
    assert.match(failed.statusText ?? '', /acme\/no-such-image:1\.0/)
    assert.equal('runtime' in failed, false)
  })

  test('checks 25, 27: the same again is refused, in the form of version 1', async () => {
    const { status, json } = await bed.call('POST', '/api/v1/runtime', body)
    assert.equal(status, 500)
    assert.partialDeepStrictEqual(json, { error: 'Client', information: {} })
    const { information } = json as { information: { message: string } }
    assert.match(information.message, /acme\/echo:1\.0.*already exists|already exists.*acme\/echo:1\.0/)
    const unknown = await bed.call('GET', '/api/v1/runtime/status/999999')
    assert.equal(unknown.status, 500)
    assert.equal((unknown.json as { error: string }).error, 'Client')
  })

  test('check 26: it is listed, and found by the type of models', async () => {
    assert.ok((await names('')).includes('acme/echo'))
    assert.deepEqual(await names('/modelType/python:3.6'), ['acme/echo'])
    assert.deepEqual(await names('/modelType/tensorflow:1.7'), [])
  })

  test("check 21: the original's images are the built-in runtime", async () => {
    const code = 'export const act = ({ x }) => ({ y: { shape: [], data: [...x.data] } })\n'
    const signature = { signatureName: 'act', inputs: X, outputs: Y }
    const version = await bed.release({
      name: 'as-ever',
      files: { 'src/func_main.mjs': code },
      runtime: BUILT_IN,
      signature,
    })
    const { fullName } = await bed.serve(version)
    const outputs = await bed.gateway.predict('PredictServable', fullName, [one])
    assert.deepEqual(outputs.get('y')?.data, Float64Array.of(1))
  })
})
