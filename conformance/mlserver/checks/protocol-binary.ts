import type { Check } from '../check.ts'
import { littleEndian, outputData, packed, SUM_INFER, SUM_REQUEST } from '../questions.ts'
import type { HttpAnswer, RestClient } from '../target/rest-client.ts'

const ECHO = '/v2/models/echo-model/infer'
const HEAD_LENGTH = 'inference-header-content-length'
const BINARY_BETTER =
  'The binary tensor extension is spoken, as stock Triton clients do by default; MLServer does not know it.'

/** A body of JSON and chunks; without a number the header has the length of the JSON. */
function binary(rest: RestClient, json: object, chunks: readonly Uint8Array[], path = ECHO, extra = {}) {
  const head = Buffer.from(JSON.stringify(json))
  const headers = { 'content-type': 'application/octet-stream', [HEAD_LENGTH]: `${head.length}`, ...extra }
  return rest.post(path, Buffer.concat([head, ...chunks]), headers)
}

function binaryInput(name: string, sizeBytes: number, datatype = 'INT32', shape: readonly number[] = [1, 3]) {
  return { name, shape, datatype, parameters: { binary_data_size: sizeBytes } }
}

/** What stands behind the JSON of a binary answer, in hexadecimal. */
function tail({ headers, body }: HttpAnswer): string | undefined {
  const length = headers[HEAD_LENGTH]
  return length === undefined ? undefined : body.subarray(Number(length)).toString('hex')
}

const THREE = littleEndian([1, 2, 3], 'INT32')

export const protocolBinaryChecks: readonly Check[] = [
  {
    id: 'OIP-11',
    reference: 'open-inference §18.11',
    title: 'binary tensors beside JSON ones; too few and too many bytes are refused',
    deviation: BINARY_BETTER,
    run: async ({ rest }, see) => {
      const inputs = [{ name: 'a', shape: [1], datatype: 'INT32', data: [7] }, binaryInput('b', 12)]
      const answer = await binary(rest, { inputs }, [THREE])
      see.same('status', answer.status, 200)
      see.same('data', [outputData(answer, 'a'), outputData(answer, 'b')], [[7], [1, 2, 3]])
      see.same('too few', (await binary(rest, { inputs }, [THREE.subarray(4)])).status, 400)
      see.same('too many', (await binary(rest, { inputs }, [THREE, THREE])).status, 400)
    },
  },
  {
    id: 'OIP-12',
    reference: 'open-inference §18.12',
    title: 'binary_data_output and binary_data are honoured; the header is there only with a chunk',
    deviation: BINARY_BETTER,
    run: async ({ rest }, see) => {
      const inputs = SUM_REQUEST.inputs
      const all = await rest.post(SUM_INFER, { inputs, parameters: { binary_data_output: true } })
      const six = littleEndian([6], 'INT64').toString('hex')
      see.same('for all', tail(all), six)
      const one = await rest.post(SUM_INFER, {
        inputs,
        outputs: [{ name: 'total', parameters: { binary_data: true } }],
      })
      see.same('for one', tail(one), six)
      const outputs = [{ name: 'total', parameters: { binary_data: false } }]
      const none = await rest.post(SUM_INFER, { inputs, outputs, parameters: { binary_data_output: true } })
      see.same('overruled', [none.headers[HEAD_LENGTH], outputData(none)], [undefined, [6]])
    },
  },
  {
    id: 'OIP-13',
    reference: 'open-inference §18.13',
    title: 'Inference-Header-Content-Length 0: the body is the only input',
    deviation: BINARY_BETTER,
    run: async ({ rest }, see) => {
      const headers = { 'content-type': 'application/octet-stream', [HEAD_LENGTH]: '0' }
      const bytes = littleEndian(Array<number>(128).fill(1), 'FP32')
      const answer = await rest.post(SUM_INFER, bytes, headers)
      see.same('numbers', [answer.status, tail(answer)], [200, littleEndian([128], 'INT64').toString('hex')])
    },
  },
  {
    id: 'OIP-14',
    reference: 'open-inference §18.14',
    title: 'bytes with a NUL and no valid UTF-8 survive the binary form',
    deviation: BINARY_BETTER,
    run: async ({ rest }, see) => {
      const chunk = packed(Uint8Array.of(0, 255, 254), 'x')
      const inputs = [binaryInput('b', chunk.length, 'BYTES', [2])]
      const answer = await binary(rest, { inputs, parameters: { binary_data_output: true } }, [chunk])
      see.same('status', answer.status, 200)
      see.same('bytes', tail(answer), chunk.toString('hex'))
    },
  },
]
