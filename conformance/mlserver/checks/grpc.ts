import type { Check } from '../check.ts'
import { withServer } from '../launchers/launcher.ts'
import { grpcRaw, grpcSum, littleEndian, member, packed, rawOutput, SENTENCE, WORDS } from '../questions.ts'
import { OLD_REPOSITORY } from '../target/grpc-client.ts'

const MODEL = { name: 'sum-model', version: 'v1.2.3' }

function sentence(rest: object = {}): object {
  return {
    model_name: 'text-stream-model',
    id: 's1',
    inputs: [
      {
        name: 'text',
        datatype: 'BYTES',
        shape: ['1'],
        contents: { bytes_contents: [Buffer.from(SENTENCE)] },
      },
    ],
    ...rest,
  }
}

function wide(count: number): object {
  return grpcRaw('sum-model', [{ datatype: 'FP32', shape: [1, count], bytes: Buffer.alloc(count * 4) }])
}

export const grpcChecks: readonly Check[] = [
  {
    id: 'GRPC-22',
    reference: 'mlserver §24.22, G1, G7',
    title: 'live, ready and metadata, and the index on both repository services',
    run: async ({ grpc }, see) => {
      see.same('live', (await grpc.call('ServerLive', {})).message['live'], true)
      see.same('ready', (await grpc.call('ServerReady', {})).message['ready'], true)
      see.same('model', (await grpc.call('ModelReady', MODEL)).message['ready'], true)
      see.same('server', typeof (await grpc.call('ServerMetadata', {})).message['name'], 'string')
      const { message } = await grpc.call('ModelMetadata', MODEL)
      see.same('platform', message['platform'], 'mlserver')
      see.same('input', member(message, 'inputs', 0, 'name'), 'input-0')
      for (const options of [{}, { service: OLD_REPOSITORY }]) {
        const { code, message: index } = await grpc.call('RepositoryIndex', {}, options)
        const models = (index['models'] ?? []) as readonly unknown[]
        see.same('index', [code, models.some(model => member(model, 'name') === 'sum-model')], ['OK', true])
      }
    },
  },
  {
    id: 'GRPC-22b',
    reference: 'mlserver §22.7, §3',
    title: 'the index tells states in the words of REST; an unknown model is NOT_FOUND for ModelReady',
    deviation: 'READY, as on REST; MLServer says State.READY, and UNKNOWN with the name of a class.',
    run: async ({ grpc }, see) => {
      const { message } = await grpc.call('RepositoryIndex', { ready: true })
      see.same('state', member(message, 'models', 0, 'state'), 'READY')
      const unknown = await grpc.call('ModelReady', { name: 'my-model' })
      see.same('unknown', [unknown.code, unknown.details], ['NOT_FOUND', 'Model my-model not found'])
    },
  },
  {
    id: 'GRPC-22c',
    reference: 'mlserver §24.22, G7',
    title: 'unload and load over both services; loading an unknown model is NOT_FOUND',
    isExclusive: true,
    run: async ({ grpc }, see) => {
      for (const options of [{}, { service: OLD_REPOSITORY }]) {
        const model = { model_name: 'sum-model' }
        see.same('unload', (await grpc.call('RepositoryModelUnload', model, options)).code, 'OK')
        see.same('metadata', (await grpc.call('ModelMetadata', { name: 'sum-model' })).code, 'NOT_FOUND')
        see.same('load', (await grpc.call('RepositoryModelLoad', model, options)).code, 'OK')
        see.same('back', (await grpc.call('ModelMetadata', { name: 'sum-model' })).code, 'OK')
        const unknown = await grpc.call('RepositoryModelLoad', { model_name: 'my-model' }, options)
        see.same('unknown', [unknown.code, unknown.details], ['NOT_FOUND', 'Model my-model not found'])
      }
    },
  },
  {
    id: 'GRPC-23',
    reference: 'mlserver §24.23, G2, G3',
    title: 'typed in, typed out; raw in, raw out; with a version or an empty one',
    run: async ({ grpc }, see) => {
      for (const model_version of ['v1.2.3', '']) {
        const typed = await grpc.call('ModelInfer', grpcSum({ model_version }))
        see.same('typed', member(typed.message, 'outputs', 0, 'contents', 'int64_contents'), ['6'])
        see.same('datatype', member(typed.message, 'outputs', 0, 'datatype'), 'INT64')
        const bytes = littleEndian([1, 2, 3], 'INT32')
        const raw = await grpc.call(
          'ModelInfer',
          grpcRaw('sum-model', [{ datatype: 'INT32', shape: [1, 3], bytes }], { model_version }),
        )
        see.same('raw', rawOutput(raw)?.toString('hex'), littleEndian([6], 'INT64').toString('hex'))
      }
    },
  },
  {
    id: 'GRPC-24',
    reference: 'mlserver §24.24, G4, G11',
    title: "trailing metadata has the model's headers",
    run: async ({ grpc }, see) => {
      const { trailers } = await grpc.call('ModelInfer', grpcSum(), { headers: { 'X-Foo': 'bar' } })
      see.same('x-foo', trailers['x-foo'], 'bar')
    },
  },
  {
    id: 'GRPC-24b',
    reference: 'mlserver §24.24, G4',
    title: 'trailing metadata has the CloudEvents headers; without an id no ce-id',
    run: async ({ grpc }, see) => {
      const { trailers } = await grpc.call('ModelInfer', grpcSum({ id: 'g1' }))
      see.same('ce-specversion', trailers['ce-specversion'], '0.3')
      see.same('ce-id', trailers['ce-id'], 'g1')
      const without = await grpc.call('ModelInfer', grpcSum())
      see.same('without an id', [without.message['id'] ?? '', without.trailers['ce-id']], ['', undefined])
    },
  },
  {
    id: 'GRPC-25',
    reference: 'mlserver §24.25, G5, G8',
    title:
      'status codes: unknown NOT_FOUND, declared error INVALID_ARGUMENT, other INTERNAL, bad input INVALID_ARGUMENT',
    deviation: 'What the client did wrong is INVALID_ARGUMENT, as on REST it is 400; MLServer says INTERNAL.',
    run: async ({ grpc }, see) => {
      const unknown = await grpc.call(
        'ModelInfer',
        grpcSum({ model_name: 'my-model', model_version: 'v1.2.3' }),
      )
      const text = 'Model my-model with version v1.2.3 not found'
      see.same('unknown', [unknown.code, unknown.details], ['NOT_FOUND', text])
      const declared = await grpc.call('ModelInfer', grpcSum({ model_name: 'error-model' }))
      const bad = 'something really bad happened'
      see.same('declared', [declared.code, declared.details], ['INVALID_ARGUMENT', bad])
      const parameters = { kind: { string_param: 'plain' } }
      const plain = await grpc.call('ModelInfer', grpcSum({ model_name: 'error-model', parameters }))
      see.same('any other', plain.code, 'INTERNAL')
      const inputs = [{ name: 'x', datatype: 'INT322', shape: ['1'], contents: { int_contents: [1] } }]
      const datatype = await grpc.call('ModelInfer', grpcSum({ inputs }))
      see.same('datatype', datatype.code, 'INVALID_ARGUMENT')
      see.matches('which are allowed', datatype.details, /BOOL.*INT64.*BYTES/)
    },
  },
  {
    id: 'GRPC-26',
    reference: 'mlserver §24.26; open-inference §18.22',
    title: 'a message over 4 MiB is RESOURCE_EXHAUSTED by default',
    run: async ({ grpc }, see) => {
      see.same('3 MiB', (await grpc.call('ModelInfer', wide(3 * 2 ** 18))).code, 'OK')
      see.same('5 MiB', (await grpc.call('ModelInfer', wide(5 * 2 ** 18))).code, 'RESOURCE_EXHAUSTED')
    },
  },
  {
    id: 'GRPC-26b',
    reference: 'mlserver §24.26',
    title: 'grpc_max_message_length -1: no such limit',
    isLaunching: true,
    run: (target, see) =>
      withServer(
        target,
        { models: [{ folder: 'sum', probe: 'sum-model' }], settings: { grpc_max_message_length: -1 } },
        async ({ grpc }) => {
          see.same('8 MiB', (await grpc.call('ModelInfer', wide(8 * 2 ** 18))).code, 'OK')
        },
      ),
  },
  {
    id: 'GRPC-27',
    reference: 'mlserver §24.27, G6',
    title: 'a stream: six words, six responses under the same id',
    run: async ({ grpc }, see) => {
      const { code, messages } = await grpc.stream('ModelStreamInfer', [sentence()], {
        answerLike: 'ModelInfer',
      })
      see.same('status', code, 'OK')
      const words = messages.map(message => member(message, 'outputs', 0, 'contents', 'bytes_contents', 0))
      see.same('words', words.map(String), WORDS)
      see.same('ids', [...new Set(messages.map(({ id }) => id))], ['s1'])
    },
  },
  {
    id: 'GRPC-27b',
    reference: 'mlserver §24.27, G5',
    title: "a stream's errors: unknown model, a model's error after some answers",
    deviation: 'An empty version is no version; MLServer writes "with version  not found".',
    run: async ({ grpc }, see) => {
      const answerLike = 'ModelInfer'
      const unknown = await grpc.stream('ModelStreamInfer', [sentence({ model_name: 'my-model' })], {
        answerLike,
      })
      see.same('unknown', [unknown.code, unknown.details], ['NOT_FOUND', 'Model my-model not found'])
      const parameters = { fail_after: { int64_param: 2 } }
      const failed = await grpc.stream('ModelStreamInfer', [sentence({ parameters })], { answerLike })
      see.same('after two', [failed.messages.length, failed.code], [2, 'INVALID_ARGUMENT'])
    },
  },
  {
    id: 'GRPC-28',
    reference: 'mlserver §24.16',
    title: 'uint64 maximum, int64 minimum and 2^53+1 are exact, typed and raw',
    run: async ({ grpc }, see) => {
      const cases = [
        ['UINT64', 'uint64_contents', '18446744073709551615'],
        ['INT64', 'int64_contents', '-9223372036854775808'],
        ['INT64', 'int64_contents', '9007199254740993'],
      ] as const
      for (const [datatype, field, value] of cases) {
        const inputs = [{ name: 'x', datatype, shape: ['1'], contents: { [field]: [value] } }]
        const { message } = await grpc.call('ModelInfer', { model_name: 'echo-model', inputs })
        see.same('typed', member(message, 'outputs', 0, 'contents', field), [value])
        const bytes = Buffer.alloc(8)
        bytes.writeBigUInt64LE(BigInt.asUintN(64, BigInt(value)))
        const raw = await grpc.call('ModelInfer', grpcRaw('echo-model', [{ datatype, shape: [1], bytes }]))
        see.same('raw', rawOutput(raw)?.toString('hex'), bytes.toString('hex'))
      }
    },
  },
  {
    id: 'GRPC-29',
    reference: 'mlserver §25.2 G9',
    title: 'parameters content_type, foo true and bar 46 survive',
    run: async ({ grpc }, see) => {
      const parameters = {
        content_type: { string_param: 'np' },
        foo: { bool_param: true },
        bar: { int64_param: '46' },
      }
      const { message } = await grpc.call('ModelInfer', grpcSum({ model_name: 'echo-model', parameters }))
      see.same('bool', member(message, 'parameters', 'foo', 'bool_param'), true)
      see.same('integer', member(message, 'parameters', 'bar', 'int64_param'), '46')
      see.same('text', member(message, 'parameters', 'content_type', 'string_param'), 'np')
    },
  },
  {
    id: 'GRPC-30',
    reference: 'mlserver §25.2 G10, §25.3',
    title: 'raw packing: FP32 21.0, and texts after their lengths',
    run: async ({ grpc }, see) => {
      const echo = async (datatype: string, shape: readonly number[], bytes: Uint8Array) =>
        rawOutput(
          await grpc.call('ModelInfer', grpcRaw('echo-model', [{ datatype, shape, bytes }])),
        )?.toString('hex')
      see.same('21.0', await echo('FP32', [1], Buffer.from('0000a841', 'hex')), '0000a841')
      const texts = packed('one', 'two', 'three')
      see.same('texts', await echo('BYTES', [3], texts), texts.toString('hex'))
    },
  },
  {
    id: 'GRPC-31',
    reference: 'mlserver §22.7, §3; open-inference §18.21',
    title: 'not-found text without a version has no gap; FP16 answers to a raw request',
    deviation: 'An empty version is no version; MLServer writes "with version  not found".',
    run: async ({ grpc }, see) => {
      const { details } = await grpc.call('ModelInfer', grpcSum({ model_name: 'my-model' }))
      see.same('text', details, 'Model my-model not found')
      const bytes = Buffer.from('003c', 'hex')
      const half = await grpc.call(
        'ModelInfer',
        grpcRaw('echo-model', [{ datatype: 'FP16', shape: [1], bytes }]),
      )
      see.same('FP16 raw', rawOutput(half)?.toString('hex'), '003c')
    },
  },
]
