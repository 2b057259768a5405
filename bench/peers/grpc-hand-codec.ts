/** `@grpc/grpc-js` with Millrace's own message codec: what differs from Millrace is the server around it. */
import type { InferenceResponse } from '@millrace/sdk'
import { type DecodedInferRequest, decodeInferRequest, encodeInferResponse } from '@millrace/sdk/protocol'
import { listenGrpc } from './listen-grpc.ts'

interface Answer {
  readonly response: InferenceResponse
  readonly isRaw: boolean
}

await listenGrpc<DecodedInferRequest, Answer>(
  {
    path: '/inference.GRPCInferenceService/ModelInfer',
    requestStream: false,
    responseStream: false,
    requestDeserialize: decodeInferRequest,
    responseSerialize({ response, isRaw }) {
      const pieces = encodeInferResponse(response, isRaw)
      const [only] = pieces
      // A view where one piece is the whole message: the library wants a Buffer, not a copy.
      if (pieces.length === 1 && only !== undefined)
        return Buffer.from(only.buffer, only.byteOffset, only.byteLength)
      return Buffer.concat(pieces)
    },
    requestSerialize: neverCalled,
    responseDeserialize: neverCalled,
  },
  ({ request: { request, isRaw } }, answer) => {
    const { modelName, id, inputs } = request
    answer(null, { response: { modelName, id, outputs: inputs }, isRaw })
  },
)

/** The client's half of the method. */
function neverCalled(): never {
  throw new Error('this is a server')
}
