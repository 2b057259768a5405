import type { ServiceError } from '@grpc/grpc-js'
import type { Form, Outcome, Question } from './form.ts'
import { type GrpcClient, statusName, toHeaders } from './grpc-client.ts'
import { type ResponseMessage, readResponse, requestMessage } from './grpc-messages.ts'
import type { ParameterValue } from './tensor-value.ts'

/** ModelInfer with elements in the fields of InferTensorContents, as MLServer's client sends them. */
export function grpcTyped(client: GrpcClient): Form {
  return {
    name: 'gRPC typed',
    protocol: 'grpc',
    objection(question) {
      const untyped = question.inputs.find(({ datatype }) => datatype === 'FP16' || datatype === 'BF16')
      return untyped === undefined
        ? commonObjection(question)
        : `${untyped.datatype} has no field in InferTensorContents`
    },
    asAnswered: tensor => tensor,
    ask: (question, signal) => ask(client, question, false, signal),
  }
}

/** ModelInfer with `raw_input_contents`, as Triton's client sends it. */
export function grpcRaw(client: GrpcClient): Form {
  return {
    name: 'gRPC raw',
    protocol: 'grpc',
    objection: commonObjection,
    asAnswered: tensor => tensor,
    ask: (question, signal) => ask(client, question, true, signal),
  }
}

async function ask(
  client: GrpcClient,
  question: Question,
  isRaw: boolean,
  signal: AbortSignal | undefined,
): Promise<Outcome> {
  const message = requestMessage(question, isRaw)
  try {
    const options = { signal, ...(question.headers === undefined ? {} : { headers: question.headers }) }
    const reply = await client.call<ResponseMessage>('ModelInfer', message, options)
    return { answer: readResponse(reply.message, isRaw, reply.headers) }
  } catch (error) {
    if (!isServiceError(error)) throw error
    return {
      refusal: { status: statusName(error), message: error.details, headers: toHeaders(error.metadata) },
    }
  }
}

export function isServiceError(error: unknown): error is ServiceError {
  return error instanceof Error && 'code' in error && 'details' in error
}

function commonObjection({ inputs, parameters = {} }: Question): string | undefined {
  if (inputs.some(({ data }) => data.some(Array.isArray))) return 'contents are not nested'
  const all = [parameters, ...inputs.map(input => input.parameters ?? {})].flatMap(
    Object.values<ParameterValue>,
  )
  return all.some(isStructured) ? 'InferParameter has no lists, objects and nulls' : undefined
}

function isStructured(value: ParameterValue): boolean {
  return typeof value === 'object'
}
