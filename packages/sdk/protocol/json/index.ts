/** The JSON codec of the Open Inference Protocol's REST form: bytes to values and back, no sockets. */
export { serializeErrorEvent, serializeInferEvent } from './events.ts'
export { type ParseInferRequestOptions, parseInferRequest } from './infer-request-reader.ts'
export { type SerializedInferResponse, serializeInferResponse } from './infer-response-writer.ts'
