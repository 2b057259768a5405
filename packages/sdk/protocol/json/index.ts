/** The JSON codec of the Open Inference Protocol's REST form: bytes to values and back, no sockets. */
export { serializeErrorEvent, serializeGenerateEvent, serializeInferEvent } from './events.ts'
export { type GenerateRequest, parseGenerateRequest } from './generate-request-reader.ts'
export { serializeGenerateResponse } from './generate-response-writer.ts'
export { type ParseInferRequestOptions, parseInferRequest } from './infer-request-reader.ts'
export { type SerializeInferRequestOptions, serializeInferRequest } from './infer-request-writer.ts'
export { type ParseInferResponseOptions, parseInferResponse } from './infer-response-reader.ts'
export { type SerializedInferResponse, serializeInferResponse } from './infer-response-writer.ts'
