const KIB = 1024
const MIB = 1024 * KIB
const TIB = 1024 * 1024 * MIB
/** Longer than any sensible wait, and within what a timer of Node.js can count. */
const WEEK_SECONDS = 7 * 24 * 3600

const seconds = { type: 'number', minimum: 0.001, maximum: WEEK_SECONDS } as const
const bytes = { type: 'integer', minimum: KIB, maximum: TIB } as const
const count = { type: 'integer', minimum: 1, maximum: 1_000_000 } as const

/** Our own fields, which MLServer has no word for: what a server admits and how long it waits. */
export const limitSettingsSchemas = {
  http_max_body_bytes: {
    ...bytes,
    title: 'Largest REST request body',
    description: 'Bytes of one REST request body, before and after decompression; more is refused with 413.',
    default: 64 * MIB,
  },
  http_max_header_bytes: {
    ...bytes,
    maximum: MIB,
    title: 'Largest REST request head',
    description: 'Bytes of the request line and all headers of one REST request.',
    default: 16 * KIB,
  },
  grpc_max_header_bytes: {
    ...bytes,
    maximum: MIB,
    title: 'Largest gRPC metadata',
    description: 'Bytes of all metadata of one gRPC call.',
    default: 16 * KIB,
  },
  max_concurrent_requests: {
    ...count,
    title: 'Requests at once',
    description: 'Requests in progress per listener; more are refused at once with a hint when to come back.',
    default: 1024,
  },
  max_inflight_bytes: {
    ...bytes,
    title: 'Request bytes at once',
    description: 'Bytes of all request bodies in progress per listener.',
    default: 512 * MIB,
  },
  max_connections: {
    ...count,
    title: 'Connections at once',
    description: 'Open connections per listener.',
    default: 10_000,
  },
  request_timeout: {
    ...seconds,
    title: 'Request timeout',
    description: 'Seconds from the first byte of a request to its answer.',
    default: 60,
  },
  headers_timeout: {
    ...seconds,
    title: 'Headers timeout',
    description: 'Seconds that a client has to send all headers of a request.',
    default: 10,
  },
  keep_alive_timeout: {
    ...seconds,
    title: 'Keep-alive timeout',
    description: 'Seconds after which a connection without a request is closed.',
    default: 75,
  },
  stream_idle_timeout: {
    ...seconds,
    title: 'Stream idle timeout',
    description: 'Seconds after which a stream on which nothing moves is closed.',
    default: 300,
  },
  shutdown_timeout: {
    ...seconds,
    title: 'Shutdown timeout',
    description: 'Seconds that requests in progress have to finish when the server stops.',
    default: 30,
  },
  model_load_timeout: {
    ...seconds,
    title: 'Model load timeout',
    description: 'Seconds that a model has to load.',
    default: 300,
  },
  grpc_stream_shape: {
    enum: ['auto', 'triton', 'mlserver'],
    title: 'Shape of gRPC streams',
    description:
      'The messages of streaming inference: wrapped as Triton sends them, plain as MLServer does, or by what the client calls.',
    default: 'auto',
  },
} as const
