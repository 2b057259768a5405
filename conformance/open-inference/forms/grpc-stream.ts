import { unpackElements } from './element-bytes.ts'
import type { Question } from './form.ts'
import { isServiceError } from './grpc.ts'
import type { GrpcClient } from './grpc-client.ts'
import { statusName, toHeaders } from './grpc-client.ts'
import { type ResponseMessage, readParameters, requestMessage } from './grpc-messages.ts'

/** Triton's answer: a response or an error, and the stream goes on. */
export interface WrappedMessage {
  readonly error_message: string
  readonly infer_response: ResponseMessage | null
}

export interface StreamOptions {
  readonly isRaw: boolean
  readonly headers?: Readonly<Record<string, string>>
}

/** A stream of inferences whose answers are read as one of the two shapes has them. */
export interface InferenceStream<T> {
  send(question: Question | Uint8Array): void
  end(): void
  cancel(): void
  /** The next answer; `undefined` when the stream has ended. */
  next(): Promise<T | undefined>
  /** Ends the sending side, and gives every answer that is left and how the stream ended. */
  rest(): Promise<StreamEnd<T>>
}

export interface StreamEnd<T> {
  readonly answers: readonly T[]
  /** Name of the gRPC status. */
  readonly status: string
  readonly details: string
  /** Trailing metadata. */
  readonly headers: Readonly<Record<string, string>>
}

/** MLServer's shape: responses as they are. */
export function openPlain(client: GrpcClient, options: StreamOptions): InferenceStream<ResponseMessage> {
  return open(client, options, 'ModelInfer')
}

/** Triton's shape: each response in a message that can also hold an error. */
export function openWrapped(client: GrpcClient, options: StreamOptions): InferenceStream<WrappedMessage> {
  return open(client, options, 'ModelStreamInfer')
}

function open<T>(
  client: GrpcClient,
  { isRaw, headers = {} }: StreamOptions,
  answerLike: string,
): InferenceStream<T> {
  const call = client.open('ModelStreamInfer', { headers, answerLike })
  const trailers = Promise.withResolvers<Record<string, string>>()
  call.on('status', ({ metadata }) => trailers.resolve(toHeaders(metadata)))
  const answers = call[Symbol.asyncIterator]() as AsyncIterator<T>
  return {
    send: question =>
      void call.write(question instanceof Uint8Array ? question : requestMessage(question, isRaw)),
    end: () => call.end(),
    cancel: () => call.cancel(),
    async next() {
      const step = await answers.next()
      return step.done === true ? undefined : step.value
    },
    async rest() {
      call.end()
      const left: T[] = []
      try {
        for (let step = await answers.next(); step.done !== true; step = await answers.next())
          left.push(step.value)
      } catch (error) {
        if (!isServiceError(error)) throw error
        return {
          answers: left,
          status: statusName(error),
          details: error.details,
          headers: await trailers.promise,
        }
      }
      return { answers: left, status: 'OK', details: '', headers: await trailers.promise }
    },
  }
}

/** The text of the first output of a response, in whichever form it came. */
export function firstText({ outputs, raw_output_contents: raw }: ResponseMessage): string {
  const [element] =
    raw[0] === undefined ? (outputs[0]?.contents?.['bytes_contents'] ?? []) : unpackElements('BYTES', raw[0])
  return Buffer.from(element as Uint8Array).toString()
}

/** What a wrapped answer says, with the id of its request. */
export function wrappedText({
  error_message: error,
  infer_response: response,
}: WrappedMessage): readonly [string, string] {
  const id = response?.id ?? ''
  if (error !== '') return [id, `error: ${error}`]
  if (response === null) return [id, 'nothing']
  if (readParameters(response.parameters)['triton_final_response'] === true) return [id, 'final']
  return [id, firstText(response)]
}
