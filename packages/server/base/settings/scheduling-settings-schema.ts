const KIB = 1024
const MIB = 1024 * KIB
const TIB = 1024 * 1024 * MIB

/** Our own fields for how requests get to models, and what is kept of the answers. */
export const schedulingSettingsSchemas = {
  worker_kind: {
    enum: ['thread', 'process'],
    title: 'Kind of workers',
    description:
      'Threads start fast and hand tensors over without a copy; processes survive native code that crashes.',
    default: 'thread',
  },
  max_queue_requests: {
    type: 'integer',
    minimum: 1,
    maximum: 1_000_000,
    title: 'Requests in the queue of a model',
    description: 'Requests of one model that may wait for a batch; more are refused at once.',
    default: 1024,
  },
  max_queue_bytes: {
    type: 'integer',
    minimum: KIB,
    maximum: TIB,
    title: 'Bytes in the queue of a model',
    description: 'Bytes of tensors of one model that may wait for a batch; more are refused at once.',
    default: 256 * MIB,
  },
  cache_max_bytes: {
    type: 'integer',
    minimum: KIB,
    maximum: TIB,
    title: 'Bytes of the response cache',
    description: 'Bytes of responses that the cache holds; the least recently used make room.',
    default: 64 * MIB,
  },
} as const
