import type {
  MetricOptions,
  ModelRoute,
  ModelSettings,
  Parameters,
  RequestedOutput,
  TensorSpec,
} from '@millrace/sdk'
import type { CrossingError } from './crossing-error.ts'
import type { LoadedMemory } from './loaded-memory.ts'
import type { CrossingTensor } from './tensor-packing.ts'

/*
 * What the server and a worker tell each other. `call` numbers what is asked for, `model` a loaded model
 * version; both are the server's to give and never used twice.
 */

/** An inference request without the bytes of its tensors. */
export interface CrossingRequest {
  readonly modelName: string
  readonly modelVersion: string | undefined
  readonly id: string | undefined
  readonly parameters: Parameters | undefined
  readonly inputs: readonly CrossingTensor[]
  readonly outputs: readonly RequestedOutput[] | undefined
}

/** What a model can know of the call that it answers. */
export interface CrossingCall {
  readonly headers: Readonly<{ [name: string]: string }>
  readonly deadlineMs: number
}

export interface CrossingRouteRequest {
  readonly method: string
  readonly path: string
  readonly params: Readonly<{ [name: string]: string }>
  readonly query: string
  readonly headers: Readonly<{ [name: string]: string }>
}

/** `body` is text or lies in the block; `json` has become text already. */
export interface CrossingRouteResponse {
  readonly status: number | undefined
  readonly headers: Readonly<{ [name: string]: string }> | undefined
  readonly text: string | undefined
}

export interface LoadedModel {
  readonly inputs: readonly TensorSpec[]
  readonly outputs: readonly TensorSpec[]
  /** The model's constructor may decide otherwise than its settings. */
  readonly enforceContract: boolean
  readonly isReady: boolean
  readonly routes: readonly Pick<ModelRoute, 'method' | 'path'>[]
  /** For how long its load kept the worker's thread busy. */
  readonly loadBusyMs: number
  readonly memory: LoadedMemory
}

export interface WorkerUsage {
  readonly heapBytes: number
  readonly rssBytes: number
  /** Share of the time since the last time it was asked in which its event loop was busy. */
  readonly utilisation: number
}

export type ToWorker =
  | { readonly kind: 'load'; readonly call: number; readonly model: number; readonly settings: ModelSettings }
  | { readonly kind: 'unload'; readonly call: number; readonly model: number }
  | { readonly kind: 'usage'; readonly call: number }
  /** Unload everything and exit. */
  | { readonly kind: 'stop' }
  | PredictMessage
  | StreamMessage
  | RouteMessage
  | { readonly kind: 'abort'; readonly call: number; readonly reason: CrossingError }
  | StreamControl

export type PredictMessage = CrossingCall & {
  readonly kind: 'predict'
  readonly call: number
  readonly model: number
  readonly request: CrossingRequest
}

/** Opens a stream; its requests follow as the model asks for them. */
export type StreamMessage = CrossingCall & {
  readonly kind: 'stream'
  readonly call: number
  readonly model: number
  /** Responses that may be sent before more are asked for. */
  readonly credit: number
}

export type RouteMessage = CrossingCall & {
  readonly kind: 'route'
  readonly call: number
  readonly model: number
  /** Its place in the model's list. */
  readonly route: number
  readonly request: CrossingRouteRequest
}

export type StreamControl =
  /** The request that was pulled. */
  | { readonly kind: 'item'; readonly call: number; readonly request: CrossingRequest }
  /** There are no more requests, or they broke off. */
  | { readonly kind: 'items-end'; readonly call: number; readonly error: CrossingError | undefined }
  /** One more response may be sent. */
  | { readonly kind: 'credit'; readonly call: number }
  /** Nobody reads the responses any more. */
  | { readonly kind: 'leave'; readonly call: number }

/** Response headers that the model has set since the last message of its call. */
export type CrossingHeaders = readonly (readonly [name: string, value: string])[]

export type FromWorker =
  | { readonly kind: 'started' }
  | {
      readonly kind: 'log'
      readonly model: number
      readonly call: number | undefined
      readonly line: LogLine
    }
  | { readonly kind: 'metrics'; readonly model: number; readonly batch: MetricBatch }
  | { readonly kind: 'readiness'; readonly model: number; readonly isReady: boolean }
  | CallReply

/** What is said to one call. */
export type CallReply =
  | { readonly kind: 'done'; readonly call: number; readonly value: LoadedModel | WorkerUsage | null }
  | {
      readonly kind: 'answer' | 'next'
      readonly call: number
      readonly headers: CrossingHeaders
      readonly outputs: readonly CrossingTensor[]
      readonly parameters: Parameters | undefined
      /** What the model took to answer, of `answer` only. */
      readonly answerMs: number | undefined
    }
  | {
      readonly kind: 'routed'
      readonly call: number
      readonly headers: CrossingHeaders
      readonly response: CrossingRouteResponse
    }
  | { readonly kind: 'end'; readonly call: number; readonly headers: CrossingHeaders }
  | {
      readonly kind: 'failed'
      readonly call: number
      readonly headers: CrossingHeaders
      readonly error: CrossingError
      /** Set if the model threw just what it was given: the failure of its requests, or why it was aborted. */
      readonly origin: 'requests' | 'signal' | undefined
    }
  /** The model has asked for its abort signal. */
  | { readonly kind: 'watch'; readonly call: number }
  /** The model has asked for the next request. */
  | { readonly kind: 'pull'; readonly call: number }

export interface LogLine {
  readonly level: 'debug' | 'info' | 'warn' | 'error'
  readonly message: string
  readonly fields: Readonly<Record<string, unknown>> | undefined
}

export interface MetricRegistration {
  readonly kind: 'counter' | 'gauge' | 'histogram'
  readonly name: string
  readonly help: string
  readonly options: MetricOptions | undefined
}

/** New metrics, then values in the order in which they were recorded. */
export interface MetricBatch {
  readonly metrics: readonly MetricRegistration[]
  readonly records: readonly (readonly [
    name: string,
    value: number,
    labels: Readonly<{ [label: string]: string }> | undefined,
  ])[]
}
