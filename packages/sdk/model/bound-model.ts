import { compileContractCheck } from '../contract/index.ts'
import { ServingError } from '../errors/index.ts'
import { describeValue, toTensor } from '../tensor/index.ts'
import type { RequestContext } from './context.ts'
import { isTypedModel } from './contract-model.ts'
import type { InferenceRequest, InferenceResponse, ModelResponse } from './inference.ts'
import { type BaseModel, Model } from './model.ts'
import { assertStream, modelDefect, readAnswer } from './model-defect.ts'
import { checkRequestedOutputs, selectOutputs } from './requested-outputs.ts'
import { type TensorForm, typedForm } from './typed-form.ts'

/**
 * A loaded model with everything that depends only on it already decided: the contract checks, the
 * codecs, and which of the author's forms it has. The server and the test kit both call models
 * through this, so a model that passes its tests behaves the same when served.
 *
 * What the client did wrong is thrown as INVALID_ARGUMENT, what the model answered wrongly as
 * INTERNAL; what the author's own code throws passes through as it is.
 */
export interface BoundModel {
  readonly model: BaseModel
  /** Checks one request before the model sees it: the contract, and the outputs that are asked for. */
  admit(request: InferenceRequest): void
  /** Has the model answer a request that was admitted, alone or joined with others that were. */
  answer(request: InferenceRequest, context: RequestContext): Promise<InferenceResponse>
  /** `admit`, then `answer`. */
  predict(request: InferenceRequest, context: RequestContext): Promise<InferenceResponse>
  predictStream(
    requests: AsyncIterable<InferenceRequest>,
    context: RequestContext,
  ): AsyncIterable<InferenceResponse>
}

/**
 * Binds a model after its `load`, when its inputs and outputs are final.
 * @throws ServingError INVALID_ARGUMENT when the contract contradicts itself, a route cannot be called, or the model
 * has no answer
 */
export function bindModel(model: BaseModel): BoundModel {
  const { name, version, enforceContract } = model.settings
  const form = tensorForm(model)
  checkRoutes(model)
  const checkInputs = enforceContract ? compileContractCheck(model.inputs, 'input') : null
  const checkOutputs = enforceContract ? compileContractCheck(model.outputs, 'output') : null
  const known =
    enforceContract && model.outputs.length > 0 ? new Set(model.outputs.map(output => output.name)) : null

  const admit = (request: InferenceRequest): void => {
    checkInputs?.(request.inputs)
    if (request.outputs !== undefined) checkRequestedOutputs(request.outputs, known)
  }

  const complete = (response: unknown, request: InferenceRequest): InferenceResponse => {
    const { outputs, parameters } = exactResponse(name, response)
    const wanted = request.outputs !== undefined && request.outputs.length > 0 ? request.outputs : undefined
    if (checkOutputs !== null) readAnswer(name, () => checkOutputs(outputs, wanted))
    const selected = selectOutputs(outputs, wanted)
    return { modelName: name, modelVersion: version, id: request.id, parameters, outputs: selected }
  }

  const answer: BoundModel['answer'] = async (request, context) =>
    complete(await form.predict(request, context), request)

  return {
    model,
    admit,
    answer,
    async predict(request, context) {
      admit(request)
      return answer(request, context)
    },
    async *predictStream(requests, context) {
      // Every response of a stream carries the id of its latest request, as MLServer's clients expect.
      let latest: InferenceRequest | undefined
      const admitted = (async function* () {
        for await (const request of requests) {
          admit(request)
          latest = request
          yield request
        }
      })()
      const responses = form.predictStream(admitted, context)
      assertStream(name, responses)
      for await (const response of responses) {
        if (latest === undefined) throw modelDefect(name, 'answered a stream before it read a request')
        yield complete(response, latest)
      }
    },
  }
}

/** Whether each can be called; what cannot is told before the first request, and before others look at it. */
function checkRoutes({ routes, settings }: BaseModel): void {
  // Authors also write JavaScript, and a model of an older SDK knows no routes.
  const declared: unknown = routes
  if (!Array.isArray(declared)) return
  for (const [index, route] of (declared as readonly unknown[]).entries()) {
    const { method, path, handle } = (route ?? {}) as Readonly<Record<string, unknown>>
    if (typeof method === 'string' && typeof path === 'string' && typeof handle === 'function') continue
    throw new ServingError(
      'INVALID_ARGUMENT',
      `Model ${settings.name}: routes[${index}] is ${describeValue(route)}; expected { method, path, handle } with two texts and a function`,
    )
  }
}

function tensorForm(model: BaseModel): TensorForm {
  if (!hasAnswer(model)) {
    throw new ServingError(
      'INVALID_ARGUMENT',
      `Model ${model.settings.name} has neither predict nor predictStream, so it can answer nothing`,
    )
  }
  if (isTypedModel(model)) return typedForm(model)
  // What is not typed is a `Model`: `toModelClass` lets nothing else through.
  return model as Model
}

/** True unless both methods are missing, or are those that `Model` has for those who override one. */
function hasAnswer(model: BaseModel): boolean {
  return ['predict', 'predictStream'].some(name => {
    const method: unknown = Reflect.get(model, name)
    return typeof method === 'function' && method !== Reflect.get(Model.prototype, name)
  })
}

/** What the model returned, with exact tensors. */
function exactResponse(
  modelName: string,
  response: unknown,
): Pick<InferenceResponse, 'outputs' | 'parameters'> {
  if (!isResponse(response)) {
    const what =
      response === undefined || response === null
        ? 'nothing'
        : typeof response === 'object'
          ? 'no outputs'
          : describeValue(response)
    throw modelDefect(modelName, `returned ${what}; expected { outputs: [...] }`)
  }
  const outputs = readAnswer(modelName, () => response.outputs.map(output => toTensor(output)))
  return { outputs, parameters: response.parameters }
}

function isResponse(response: unknown): response is ModelResponse {
  return (
    typeof response === 'object' &&
    response !== null &&
    'outputs' in response &&
    Array.isArray(response.outputs)
  )
}
