import type { Check } from '../check.ts'
import { grpcRaw, grpcSum, littleEndian, member, packed, rawOutput } from '../questions.ts'
import { HEALTH } from '../target/grpc-client.ts'

const THREE = { datatype: 'INT32', shape: [1, 3], bytes: littleEndian([1, 2, 3], 'INT32') }

export const protocolGrpcChecks: readonly Check[] = [
  {
    id: 'OIP-14b',
    reference: 'open-inference §18.14',
    title: 'bytes with a NUL and no valid UTF-8 survive gRPC, typed and raw',
    run: async ({ grpc }, see) => {
      const bytes = Buffer.from([0, 255, 254])
      const inputs = [{ name: 'x', datatype: 'BYTES', shape: ['1'], contents: { bytes_contents: [bytes] } }]
      const typed = await grpc.call('ModelInfer', { model_name: 'echo-model', inputs })
      const seen = member(typed.message, 'outputs', 0, 'contents', 'bytes_contents', 0) as Buffer | undefined
      see.same('typed', seen?.toString('hex'), '00fffe')
      const chunk = packed(bytes)
      const raw = await grpc.call(
        'ModelInfer',
        grpcRaw('echo-model', [{ datatype: 'BYTES', shape: [1], bytes: chunk }]),
      )
      see.same('raw', rawOutput(raw)?.toString('hex'), chunk.toString('hex'))
    },
  },
  {
    id: 'OIP-19',
    reference: 'open-inference §18.19',
    title: 'raw contents that are too few, too short or mixed with typed ones: INVALID_ARGUMENT',
    deviation:
      "The client's mistake is INVALID_ARGUMENT; MLServer says INTERNAL, or takes a mixture in order.",
    run: async ({ grpc }, see) => {
      const ask = async (message: object) => (await grpc.call('ModelInfer', message)).code
      const bad = 'INVALID_ARGUMENT'
      see.same('short', await ask(grpcRaw('sum-model', [{ ...THREE, bytes: THREE.bytes.subarray(4) }])), bad)
      const two = grpcRaw('echo-model', [THREE, THREE])
      see.same('one for two', await ask({ ...two, raw_input_contents: [THREE.bytes] }), bad)
      const inputs = [
        { name: 'x', datatype: 'INT32', shape: ['1', '3'], contents: { int_contents: [1, 2, 3] } },
      ]
      see.same('both', await ask({ model_name: 'sum-model', inputs, raw_input_contents: [THREE.bytes] }), bad)
    },
  },
  {
    id: 'OIP-20',
    reference: 'open-inference §18.20',
    title: 'parameters of all five kinds come and go; one without a value is ignored',
    deviation: 'Doubles and 64-bit unsigned integers too; MLServer drops them.',
    run: async ({ grpc }, see) => {
      const parameters = {
        flag: { bool_param: true },
        count: { int64_param: '3' },
        text: { string_param: 't' },
        rate: { double_param: 0.5 },
        big: { uint64_param: '18446744073709551615' },
        none: {},
      }
      const { code, message } = await grpc.call(
        'ModelInfer',
        grpcSum({ model_name: 'echo-model', parameters }),
      )
      see.same('status', code, 'OK')
      const seen = member(message, 'parameters')
      see.same('bool', member(seen, 'flag', 'bool_param'), true)
      see.same('text', member(seen, 'text', 'string_param'), 't')
      see.same('double', member(seen, 'rate', 'double_param'), 0.5)
      see.same('unsigned', member(seen, 'big', 'uint64_param'), '18446744073709551615')
    },
  },
  {
    id: 'OIP-23',
    reference: 'open-inference §18.23',
    title: "a stream of raw requests: Triton's wrapper, and one error does not end the rest",
    deviation:
      "A stream whose first request is raw gets Triton's responses, as stock Triton clients read; MLServer has one shape, which they take for errors.",
    run: async ({ grpc }, see) => {
      const messages = [
        grpcRaw('sum-model', [THREE], { id: '1' }),
        grpcRaw('my-model', [THREE], { id: '2' }),
        grpcRaw('sum-model', [THREE], { id: '3' }),
      ]
      const { code, messages: answers } = await grpc.stream('ModelStreamInfer', messages)
      see.same('status', code, 'OK')
      see.same('answers', answers.length, 3)
      see.matches('error', answers[1]?.['error_message'], /Model my-model not found/)
      see.same('the one after it', member(answers[2], 'infer_response', 'id'), '3')
    },
  },
  {
    id: 'OIP-27',
    reference: 'open-inference §18.27',
    title: 'the standard health service answers',
    deviation: 'Health and reflection, which load balancers and tools ask for; MLServer has neither.',
    run: async ({ grpc }, see) => {
      const { code, message } = await grpc.call('Check', {}, { service: HEALTH })
      see.same('health', [code, message['status']], ['OK', 'SERVING'])
    },
  },
]
