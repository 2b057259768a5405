import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  ContractModel,
  DataFrame,
  dataFrameCodec,
  decodeResponse,
  defineContract,
  encodeRequest,
  type InferenceRequest,
  type InferenceResponse,
  type InputValues,
  Model,
  NdArray,
  ndArrayCodec,
  textCodec,
} from '../index.ts'
import { type BoundModel, bindModel } from '../model/index.ts'
import { parseInferRequest, serializeInferResponse } from '../protocol/index.ts'
import { SILENT_CONTEXT, sampleRequest, sampleSettings } from './model-call.ts'

interface RestTensor {
  readonly name: string
  readonly datatype: string
  readonly shape: readonly number[]
  readonly data: unknown
  readonly parameters?: object
}

/** What a model answers to a body of REST, as a client of REST reads it. */
async function post(
  model: BoundModel,
  body: { readonly inputs: readonly RestTensor[]; readonly parameters?: object },
) {
  const request = parse(body)
  const response = await model.predict(request, SILENT_CONTEXT)
  const { pieces } = serializeInferResponse(response, request)
  return JSON.parse(Buffer.concat(pieces).toString()) as InferenceResponse & {
    readonly outputs: readonly RestTensor[]
  }
}

function parse(body: object): InferenceRequest {
  return parseInferRequest(Buffer.from(JSON.stringify(body)), { modelName: 'sample' })
}

function input(datatype: string, shape: readonly number[], data: unknown, contentType?: string): RestTensor {
  const tensor = { name: 'x', datatype, shape, data }
  return contentType === undefined ? tensor : { ...tensor, parameters: { content_type: contentType } }
}

/** A table in, a table out, with one more column. */
class Doubled extends Model {
  override predict(request: InferenceRequest) {
    const frame = this.decodeRequest(request, dataFrameCodec)
    const doubled = Array.from(frame.column('x') ?? [], value => Number(value) * 2)
    return this.encodeResponse(DataFrame.of([...frame.columns, ['doubled', doubled]]))
  }
}

/** Whatever the input means goes out again. */
class Same extends Model {
  override predict({ inputs: [tensor], outputs }: InferenceRequest) {
    return { outputs: [this.encode('y', this.decode(tensor!), outputs?.[0])] }
  }
}

test('a table goes through REST with its missing values', async () => {
  const { outputs, ...response } = await post(bindModel(new Doubled(sampleSettings())), {
    parameters: { content_type: 'pd' },
    inputs: [
      input('FP64', [2, 1], [1.5, null]),
      { name: 'label', datatype: 'BYTES', shape: [2], data: ['a', 'b'], parameters: { content_type: 'str' } },
    ],
  })
  assert.deepEqual(response, { model_name: 'sample', parameters: { content_type: 'pd' } })
  assert.deepEqual(outputs, [
    { name: 'x', shape: [2, 1], datatype: 'FP64', data: [1.5, null] },
    {
      name: 'label',
      shape: [2, 1],
      datatype: 'BYTES',
      parameters: { content_type: 'str' },
      data: ['a', 'b'],
    },
    { name: 'doubled', shape: [2, 1], datatype: 'FP64', data: [3, null] },
  ])
})

test('values go through REST by their content type', async () => {
  const model = bindModel(new Same(sampleSettings()))
  const cases: [RestTensor, unknown[]][] = [
    [input('FP16', [3], [1, 2, null], 'np'), [[3, 1], 'FP16', 'np', [1, 2, null]]],
    [
      input(
        'INT64',
        [2, 2],
        [
          [1, 2],
          [3, 4],
        ],
        'np',
      ),
      [[2, 2], 'INT64', 'np', [1, 2, 3, 4]],
    ],
    [input('BYTES', [1], 'bare', 'str'), [[1, 1], 'BYTES', 'str', ['bare']]],
    [input('BYTES', [2], ['a', 'b'], 'str'), [[2, 1], 'BYTES', 'str', ['a', 'b']]],
    [
      input('BYTES', [1], ['UHl0aG9uIGlzIGZ1bg=='], 'base64'),
      [[1, 1], 'BYTES', 'base64', ['UHl0aG9uIGlzIGZ1bg==']],
    ],
    [input('BYTES', [1], ['Python is fun'], 'base64'), [[1, 1], 'BYTES', 'base64', ['UHl0aG9uIGlzIGZ1bg==']]],
    [
      input('BYTES', [1], ['2021-08-24T15:01:19-04:00'], 'datetime'),
      [[1, 1], 'BYTES', 'datetime', ['2021-08-24T15:01:19.000-04:00']],
    ],
    [input('FP32', [1], [2.5], 'raw'), [[1], 'FP64', 'raw', [2.5]]],
  ]
  for (const [tensor, expected] of cases) {
    const { outputs } = await post(model, { inputs: [tensor] })
    const [{ shape, datatype, parameters, data }] = outputs as unknown as [Required<RestTensor>]
    assert.deepEqual(
      [shape, datatype, (parameters as { content_type: unknown }).content_type, data],
      expected,
    )
  }
})

test('BYTES hold no null, which the door says', () => {
  const body = { inputs: [input('BYTES', [2], [null, 'bar'], 'str')] }
  assert.throws(() => parse(body), { code: 'INVALID_ARGUMENT', message: /'x'.*element 0/ })
})

test('text and numbers of broken requests are the client’s fault', async () => {
  const model = bindModel(new Same(sampleSettings()))
  const cases = [
    input('BYTES', [1], ['{broken'], 'json'),
    input('BYTES', [1], ['yesterday'], 'datetime'),
    input('BYTES', [1], ['iVBORw0KGgo='], 'pillow_image'),
    input('FP32', [1], [1], 'str'),
    input('FP32', [2], [1, 2], 'raw'),
    input('INT8', [2 ** 40, 0], [], 'raw'),
  ]
  for (const tensor of cases) {
    await assert.rejects(post(model, { inputs: [tensor] }), {
      code: 'INVALID_ARGUMENT',
      message: /^tensor 'x'/,
    })
  }
  await assert.rejects(
    post(bindModel(new Doubled(sampleSettings())), { inputs: [input('INT8', [2 ** 40, 0], [])] }),
    { code: 'INVALID_ARGUMENT', message: /^tensor 'x' has shape \[1099511627776,0\]/ },
  )
})

test('a client writes requests and reads responses with the same codecs', async () => {
  const frame = DataFrame.fromRecords([{ x: 1 }, { x: 2 }])
  const { inputs, parameters } = encodeRequest(frame)
  const model = bindModel(new Doubled(sampleSettings()))
  const response = await model.predict(sampleRequest(inputs, { parameters }), SILENT_CONTEXT)
  assert.deepEqual(decodeResponse(response, dataFrameCodec).toRecords(), [
    { x: 1n, doubled: 2n },
    { x: 2n, doubled: 4n },
  ])
})

const contract = defineContract({
  inputs: {
    x: { datatype: 'FP32', shape: [-1, 2], contentType: 'np' },
    factor: { datatype: 'INT64', shape: [1], contentType: 'raw', isOptional: true },
  },
  outputs: {
    sums: { datatype: 'FP32', shape: [-1], contentType: 'np' },
    report: { datatype: 'BYTES', shape: [1], contentType: 'json' },
  },
})

class Sums extends ContractModel(contract) {
  override predict({ x, factor = 1 }: InputValues<typeof contract>) {
    const sums = Array.from(
      { length: x.shape[0]! },
      (_, row) => (x.at(row, 0)! + x.at(row, 1)!) * Number(factor),
    )
    return { sums, report: { rows: sums.length } }
  }
}

test('a contract has every content type for its fields', async () => {
  const model = bindModel(new Sums(sampleSettings()))
  const factor = { name: 'factor', datatype: 'INT64', shape: [1], data: [10] }
  const { outputs } = await post(model, { inputs: [input('FP32', [2, 2], [1, 2, 3, 4]), factor] })
  assert.deepEqual(outputs, [
    { name: 'sums', shape: [2], datatype: 'FP32', parameters: { content_type: 'np' }, data: [30, 70] },
    {
      name: 'report',
      shape: [1],
      datatype: 'BYTES',
      parameters: { content_type: 'json' },
      data: ['{"rows":2}'],
    },
  ])
})

test('an answer of the wrong shape or datatype is the model’s fault', async () => {
  class Wide extends Sums {
    override predict() {
      return { sums: NdArray.of('FP32', [1, 2], [1, 2]), report: {} } as never
    }
  }
  await assert.rejects(
    post(bindModel(new Wide(sampleSettings())), { inputs: [input('FP32', [1, 2], [1, 2])] }),
    {
      code: 'INTERNAL',
      message: /output 'sums' has shape \[1,2\]; expected \[-1\]/,
    },
  )
})

test('the content type of one input goes before that of the contract, where it may', async () => {
  class Reader extends Model {
    override predict({ inputs: [tensor] }: InferenceRequest) {
      return { outputs: [ndArrayCodec.encode('y', [textCodec.canEncode(this.decode(tensor!))])] }
    }
  }
  const inputs = [{ name: 'x', datatype: 'BYTES', shape: [-1], contentType: 'base64' }] as const
  const reader = bindModel(new Reader(sampleSettings({ inputs })))
  const answers = await Promise.all(
    [undefined, 'str'].map(contentType =>
      post(reader, { inputs: [input('BYTES', [1], ['YQ=='], contentType)] }),
    ),
  )
  assert.deepEqual(
    answers.map(({ outputs }) => outputs[0]?.data),
    [[false], [true]],
  )
  await assert.rejects(
    post(bindModel(new Sums(sampleSettings())), { inputs: [input('FP32', [1, 2], [1, 2], 'raw')] }),
    { code: 'INVALID_ARGUMENT', message: /^input 'x' has content type 'raw'; the model reads it as 'np'/ },
  )
})
