/** `@grpc/grpc-js` with `@grpc/proto-loader`, as its documentation shows it. */
import { type LoadedInferRequest, type LoadedInferResponse, loadModelInfer } from '../load/inference-proto.ts'
import { listenGrpc } from './listen-grpc.ts'

await listenGrpc<LoadedInferRequest, LoadedInferResponse>(loadModelInfer(), ({ request }, answer) => {
  answer(null, {
    model_name: request.model_name,
    id: request.id,
    outputs: request.inputs,
    raw_output_contents: request.raw_input_contents,
  })
})
