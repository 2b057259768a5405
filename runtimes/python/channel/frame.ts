/**
 * One message between the server and a Python process; the other side is `millrace_host/frames.py`.
 *
 *     u32 kind | u32 call | u32 header bytes | u32 body bytes | header, padded to 8 | body
 *
 * Numbers are little-endian. The header is compact JSON; the body holds tensors' bytes, each beginning at a multiple of 8
 * from where the frame begins, or a route's raw bytes.
 */
export interface Frame {
  readonly kind: number
  /** The call that it belongs to; 0 for the process itself. */
  readonly call: number
  readonly header: unknown
  /** Begins at a multiple of 8 in memory of its own. */
  readonly body: Uint8Array
}

export const PREFIX_BYTES = 16
export const HEADER_BYTES_MAX = 16 * 1024 * 1024
export const BODY_BYTES_MAX = 1024 * 1024 * 1024

/** What the server says. */
export const TO_PYTHON = {
  LOAD: 1,
  PREDICT: 2,
  STREAM: 3,
  STREAM_REQUEST: 4,
  STREAM_END: 5,
  CANCEL: 6,
  CREDIT: 7,
  ROUTE: 8,
  UNLOAD: 9,
} as const

/** What the process says. */
export const FROM_PYTHON = {
  HELLO: 33,
  LOADED: 34,
  ANSWER: 35,
  FAILED: 36,
  ITEM: 37,
  DONE: 38,
  PULL: 39,
  ROUTE_ANSWER: 40,
  UNLOADED: 41,
  LOG: 42,
  METRICS: 43,
} as const

/** How many bytes bring `sizeBytes` to the next multiple of 8. */
export function paddingOf(sizeBytes: number): number {
  return -sizeBytes & 7
}
