import type { ModelResponse, RouteResponse } from '@millrace/sdk'
import type { CallReply } from './messages.ts'
import { type Block, unpackTensors } from './tensor-packing.ts'

/** An answer with what the model took for it in the worker. */
export interface RemoteAnswer extends ModelResponse {
  readonly answerMs: number | undefined
}

export function readAnswer(message: CallReply, blocks: readonly Block[]): RemoteAnswer {
  if (message.kind !== 'answer') throw unexpected(message)
  return {
    outputs: unpackTensors(message.outputs, blocks),
    parameters: message.parameters,
    answerMs: message.answerMs,
  }
}

export function readRouteResponse(message: CallReply, [block]: readonly Block[]): RouteResponse {
  if (message.kind !== 'routed') throw unexpected(message)
  const { status, headers, text } = message.response
  const body = text ?? block
  return {
    ...(status === undefined ? {} : { status }),
    ...(headers === undefined ? {} : { headers }),
    ...(body === undefined ? {} : { body }),
  }
}

function unexpected({ kind }: CallReply): Error {
  return new Error(`a worker answered with '${kind}', which nobody asked for`)
}
