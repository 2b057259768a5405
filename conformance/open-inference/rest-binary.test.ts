import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { packElements } from './forms/element-bytes.ts'
import { bodyOf, readRefusal } from './forms/rest.ts'
import { readBinaryAnswer } from './forms/rest-binary.ts'
import { comparable } from './forms/tensor-value.ts'
import { answersStill } from './good-request.ts'
import { tensor } from './scenarios/scenario.ts'
import { openTarget, type Target } from './target.ts'

const LENGTH_HEADER = 'inference-header-content-length'

let target: Target
before(async () => {
  target = await openTarget()
})
after(() => target.close())

interface Sent {
  readonly model?: string
  readonly json?: object | string
  readonly chunks?: readonly Uint8Array[]
  /** Default: the length of the JSON; null leaves the header out. */
  readonly length?: string | null
}

function send({ model = 'echo', json = '', chunks = [], length }: Sent): Promise<Response> {
  const head = Buffer.from(typeof json === 'string' ? json : JSON.stringify(json))
  const header = length === undefined ? String(head.length) : length
  return fetch(new URL(`/v2/models/${model}/infer`, target.rest), {
    method: 'POST',
    // Triton's client sends no content type.
    headers: header === null ? {} : { [LENGTH_HEADER]: header },
    body: Buffer.concat([head, ...chunks]),
  })
}

const ONE_TWO = packElements('INT32', [1, 2])

function binaryInput(name: string, sizeBytes: unknown, datatype = 'INT32', shape = [2]): object {
  return { name, shape, datatype, parameters: { binary_data_size: sizeBytes } }
}

function asked(switches: Readonly<Record<string, boolean | undefined>>, all?: boolean): object {
  return {
    ...(all === undefined ? {} : { parameters: { binary_data_output: all } }),
    inputs: [
      { name: 'a', shape: [1], datatype: 'INT32', data: [7] },
      { name: 'b', shape: [1], datatype: 'BYTES', data: ['text'] },
    ],
    outputs: Object.entries(switches).map(([name, isBinary]) => ({
      name,
      ...(isBinary === undefined ? {} : { parameters: { binary_data: isBinary } }),
    })),
  }
}

suite('binary tensor data', () => {
  test('inputs in JSON and in bytes side by side, in any order', async () => {
    const inputs = [
      { name: 'a', shape: [1], datatype: 'FP32', data: [0.5] },
      binaryInput('b', 8),
      { name: 'c', shape: [2], datatype: 'BYTES', data: ['x', 'y'] },
      binaryInput('d', 9, 'BYTES', [2]),
    ]
    const response = await send({ json: { inputs }, chunks: [ONE_TWO, packElements('BYTES', ['', 'q'])] })
    assert.equal(response.status, 200, await response.clone().text())
    assert.equal(response.headers.get(LENGTH_HEADER), null)
    const { outputs } = (await response.json()) as { outputs: { data: unknown }[] }
    assert.deepEqual(
      outputs.map(({ data }) => data),
      [[0.5], [1, 2], ['x', 'y'], ['', 'q']],
    )
  })

  const answers = [
    { title: 'binary_data for one output only', json: asked({ a: true, b: undefined }), binary: ['a'] },
    { title: 'binary_data_output for all', json: asked({}, true), binary: ['a', 'b'] },
    {
      title: 'binary_data_output, and one output against it',
      json: asked({ b: false, a: undefined }, true),
      binary: ['a'],
    },
    {
      title: 'binary_data_output false, and one output against it',
      json: asked({ a: undefined, b: true }, false),
      binary: ['b'],
    },
    { title: 'none', json: asked({ a: false, b: false }, true), binary: [] },
  ]
  for (const { title, json, binary } of answers) {
    test(`outputs in bytes: ${title}`, async () => {
      // All in JSON: clients leave the header out then, even if they want bytes back.
      const response = await send({ json, length: null })
      assert.equal(response.status, 200)
      assert.equal(response.headers.has(LENGTH_HEADER), binary.length > 0)
      const body = await bodyOf(response)
      const answer = readBinaryAnswer(response, body)
      const head = JSON.parse(
        body.subarray(0, Number(response.headers.get(LENGTH_HEADER) ?? body.length)).toString(),
      ) as {
        outputs: { name: string; data?: unknown }[]
      }
      assert.deepEqual(
        head.outputs.filter(({ data }) => data === undefined).map(({ name }) => name),
        binary,
      )
      const values = new Map(
        answer.outputs.map(output => [output.name, comparable({ ...output, parameters: {} })]),
      )
      assert.deepEqual(values.get('a'), tensor('a', 'INT32', [1], [7]))
      assert.deepEqual(values.get('b'), tensor('b', 'BYTES', [1], ['text']))
    })
  }

  test('an output without elements has a size of 0 and no bytes', async () => {
    const inputs = [{ name: 'x', shape: [0, 3], datatype: 'FP32', data: [] }]
    const response = await send({ json: { parameters: { binary_data_output: true }, inputs }, length: null })
    const body = await bodyOf(response)
    assert.equal(response.headers.get(LENGTH_HEADER), String(body.length))
    const { outputs } = JSON.parse(body.toString()) as { outputs: object[] }
    assert.deepEqual(outputs, [
      { name: 'x', shape: [0, 3], datatype: 'FP32', parameters: { binary_data_size: 0 } },
    ])
  })

  test('NaN and the infinities, sent in bytes, come back as null in JSON', async () => {
    for (const datatype of ['FP16', 'FP32', 'FP64']) {
      const bytes = packElements(datatype, [Number.NaN, Infinity, -Infinity, 1.5])
      const response = await send({
        json: { inputs: [binaryInput('x', bytes.length, datatype, [4])] },
        chunks: [bytes],
      })
      const { outputs } = (await response.json()) as { outputs: { data: unknown }[] }
      assert.deepEqual(outputs[0]?.data, [null, null, null, 1.5], datatype)
    }
  })

  const impossible = [
    { title: 'BF16', datatype: 'BF16', bytes: packElements('BF16', [1]), message: /BF16/ },
    {
      title: 'bytes that are not text',
      datatype: 'BYTES',
      bytes: packElements('BYTES', [Uint8Array.of(0xff)]),
      message: /not valid UTF-8/,
    },
  ]
  for (const { title, datatype, bytes, message } of impossible) {
    test(`what JSON cannot carry back: ${title}`, async () => {
      const response = await send({
        json: { inputs: [binaryInput('x', bytes.length, datatype, [1])] },
        chunks: [bytes],
      })
      const refusal = readRefusal(response, await bodyOf(response))
      assert.equal(refusal.status, 400)
      assert.match(refusal.message, message)
    })
  }
})

suite('binary tensor data that does not add up', () => {
  const rows: readonly (Sent & {
    readonly title: string
    readonly message: RegExp
    readonly status?: number
  })[] = [
    {
      title: 'fewer bytes than announced',
      json: { inputs: [binaryInput('x', 8)] },
      chunks: [ONE_TWO.subarray(0, 5)],
      message: /input 'x' has 8 bytes.*3 bytes short/,
    },
    {
      title: 'no bytes at all',
      json: { inputs: [binaryInput('x', 8)] },
      message: /input 'x' has 8 bytes.*8 bytes short/,
    },
    {
      title: 'more bytes than announced',
      json: { inputs: [binaryInput('x', 8)] },
      chunks: [ONE_TWO, Buffer.alloc(3)],
      message: /the body has 3 bytes more/,
    },
    {
      title: 'another size than shape and datatype have',
      json: { inputs: [binaryInput('x', 7)] },
      chunks: [ONE_TWO.subarray(0, 7)],
      message: /tensor 'x' has 7 bytes.*INT32 of shape \[2\] takes exactly 8/,
    },
    {
      title: 'data and bytes',
      json: { inputs: [{ ...binaryInput('x', 8), data: [1, 2] }] },
      chunks: [ONE_TWO],
      message: /input 'x' has both data and parameters.binary_data_size/,
    },
    {
      title: 'neither data nor bytes',
      json: { inputs: [{ name: 'x', shape: [2], datatype: 'INT32' }] },
      chunks: [ONE_TWO],
      message: /input 'x' has neither data nor/,
    },
    ...[-1, 1.5, '8', true].map(size => ({
      title: `a size of ${JSON.stringify(size)}`,
      json: { inputs: [binaryInput('x', size)] },
      chunks: [ONE_TWO],
      message: /parameters.binary_data_size of input 'x' must be the number of bytes/,
    })),
    {
      title: 'a length of texts that leads out of the bytes',
      json: { inputs: [binaryInput('x', 5, 'BYTES', [1])] },
      chunks: [Buffer.from([9, 0, 0, 0, 1])],
      message: /tensor 'x': element 0 says it has 9 bytes, but only 1/,
    },
    {
      title: 'a byte that is no truth value',
      json: { inputs: [binaryInput('x', 2, 'BOOL')] },
      chunks: [Buffer.from([1, 2])],
      message: /tensor 'x', element 1: byte 2 is not 0 or 1/,
    },
    {
      title: 'a header beyond the body',
      json: { inputs: [] },
      length: '999',
      message: /Inference-Header-Content-Length is 999.*0 to the 13 bytes/,
    },
    {
      title: 'a header that is no number',
      json: { inputs: [] },
      length: 'x',
      message: /Inference-Header-Content-Length is 'x'/,
    },
    {
      title: 'a negative header',
      json: { inputs: [] },
      length: '-1',
      message: /Inference-Header-Content-Length is '-1'/,
    },
    {
      title: 'a header with a fraction',
      json: { inputs: [] },
      length: '1.5',
      message: /Inference-Header-Content-Length is '1.5'/,
    },
    {
      title: 'a header that no number holds',
      json: { inputs: [] },
      length: '9'.repeat(30),
      message: /Inference-Header-Content-Length/,
    },
    {
      title: 'a header in the middle of the JSON',
      json: { inputs: [] },
      length: '5',
      message: /not valid JSON/,
      status: 422,
    },
    {
      title: 'a switch that is neither true nor false',
      json: { parameters: { binary_data_output: 'yes' }, inputs: [] },
      message: /binary_data_output of the request must be true or false/,
    },
    {
      title: "an output's switch that is neither",
      json: { inputs: [], outputs: [{ name: 'a', parameters: { binary_data: 1 } }] },
      message: /binary_data of output 'a' must be true or false/,
    },
  ]
  for (const { title, message, status = 400, ...sent } of rows) {
    test(title, async () => {
      const response = await send(sent)
      const refusal = readRefusal(response, await bodyOf(response))
      assert.match(refusal.message, message)
      assert.equal(refusal.status, status)
      await answersStill(target.forms[1]!)
    })
  }
})

suite('raw binary requests (a header of 0)', () => {
  test('numbers: the free dimension follows from the size', async () => {
    const response = await send({
      model: 'double',
      length: '0',
      chunks: [packElements('FP32', [1, 2, 3, 4, 5, 6])],
    })
    const { outputs } = readBinaryAnswer(response, await bodyOf(response))
    assert.deepEqual(outputs.map(comparable), [tensor('y', 'FP32', [3, 2], [2, 4, 6, 8, 10, 12])])
  })

  test('text: the body is one element, without a length before it', async () => {
    const response = await send({ model: 'text-length', length: '0', chunks: [Buffer.from('fünf\0')] })
    const { outputs } = readBinaryAnswer(response, await bodyOf(response))
    assert.deepEqual(outputs.map(comparable), [tensor('length', 'INT32', [1], [6])])
  })

  const rows = [
    {
      title: 'a size that fits no shape',
      model: 'double',
      chunks: [packElements('FP32', [1, 2, 3])],
      message: /tensor 'x' has 3 elements.*\[-1,2\]/,
    },
    {
      title: 'half an element',
      model: 'double',
      chunks: [Buffer.alloc(7)],
      message: /input 'x' takes 4 bytes.*7/,
    },
    {
      title: 'a model with two inputs',
      model: 'contract',
      chunks: [ONE_TWO],
      message: /exactly one declared input; contract declares 2/,
    },
    {
      title: 'a model without declared inputs',
      model: 'echo',
      chunks: [ONE_TWO],
      message: /exactly one declared input; echo declares 0/,
    },
  ]
  for (const { title, message, ...sent } of rows) {
    test(title, async () => {
      const response = await send({ ...sent, length: '0' })
      const refusal = readRefusal(response, await bodyOf(response))
      assert.match(refusal.message, message)
      assert.equal(refusal.status, 400)
    })
  }

  test('an unknown model', async () => {
    const response = await send({ model: 'none', length: '0', chunks: [ONE_TWO] })
    assert.equal(readRefusal(response, await bodyOf(response)).status, 404)
  })
})
