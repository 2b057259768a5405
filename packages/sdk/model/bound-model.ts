import { codecFor } from '../codecs/index.ts'
import {
  type ContractCheck,
  type ContractDefinition,
  compileContractCheck,
  inferShape,
  type TensorSpec,
} from '../contract/index.ts'
import { ServingError } from '../errors/index.ts'
import { formatShape, type Tensor, type TensorLike, toTensor } from '../tensor/index.ts'
import type { RequestContext } from './context.ts'
import { CONTRACT, isTypedModel, type TypedModel } from './contract-model.ts'
import type { InferenceRequest, InferenceResponse, ModelResponse } from './inference.ts'
import type { BaseModel, Model } from './model.ts'

/**
 * A loaded model with everything that depends only on it already decided: the contract checks, the
 * codecs, and which of the author's forms it has. The server and the test kit both call models
 * through this, so a model that passes its tests behaves the same when served.
 */
export interface BoundModel {
  readonly model: BaseModel
  predict(request: InferenceRequest, context: RequestContext): Promise<InferenceResponse>
  predictStream(
    requests: AsyncIterable<InferenceRequest>,
    context: RequestContext,
  ): AsyncIterable<InferenceResponse>
}

/** Binds a model after its `load`, when its inputs and outputs are final. */
export function bindModel(model: BaseModel): BoundModel {
  const { name, version, enforceContract } = model.settings
  const form = isTypedModel(model) ? typedForm(model) : (model as Model)
  const checkInputs = enforceContract ? compileContractCheck(model.inputs, 'input') : null
  const checkOutputs = enforceContract ? compileContractCheck(model.outputs, 'output') : null
  const known =
    enforceContract && model.outputs.length > 0 ? new Set(model.outputs.map(output => output.name)) : null

  const admit = (request: InferenceRequest): void => {
    checkInputs?.(request.inputs)
    if (known !== null && request.outputs !== undefined) checkRequestedOutputs(request.outputs, known)
  }

  const complete = (response: ModelResponse | undefined, request: InferenceRequest): InferenceResponse => ({
    modelName: name,
    modelVersion: version,
    id: request.id,
    parameters: response?.parameters,
    outputs: selectOutputs(exactOutputs(name, response, checkOutputs), request),
  })

  return {
    model,
    async predict(request, context) {
      admit(request)
      return complete(await form.predict(request, context), request)
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
      for await (const response of form.predictStream(admitted, context)) {
        if (latest === undefined) throw defect(name, 'answered a stream before it read a request')
        yield complete(response, latest)
      }
    },
  }
}

function checkRequestedOutputs(
  requested: readonly { readonly name: string }[],
  known: ReadonlySet<string>,
): void {
  for (const { name } of requested) {
    if (known.has(name)) continue
    const names = [...known].map(output => `'${output}'`).join(', ')
    throw new ServingError('INVALID_ARGUMENT', `output '${name}' does not exist; the model has ${names}`)
  }
}

/** Checks what the model returned: a mistake here is the model's, so the client sees INTERNAL. */
function exactOutputs(
  modelName: string,
  response: ModelResponse | undefined,
  check: ContractCheck | null,
): readonly Tensor[] {
  if (!Array.isArray(response?.outputs)) {
    throw defect(
      modelName,
      `returned ${response === undefined || response === null ? 'nothing' : 'no outputs'}; expected { outputs: [...] }`,
    )
  }
  try {
    const tensors = response.outputs.map((output: TensorLike) => toTensor(output))
    check?.(tensors)
    return tensors
  } catch (error) {
    throw defect(
      modelName,
      `returned a wrong answer: ${error instanceof Error ? error.message : 'not a tensor'}`,
      error,
    )
  }
}

function selectOutputs(tensors: readonly Tensor[], request: InferenceRequest): readonly Tensor[] {
  const wanted = request.outputs
  if (wanted === undefined || wanted.length === 0) return tensors
  // In the order asked for, because clients of raw gRPC contents match outputs by position.
  return wanted.map(({ name }) => {
    const tensor = tensors.find(candidate => candidate.name === name)
    if (tensor !== undefined) return tensor
    const names = tensors.map(candidate => `'${candidate.name}'`).join(', ')
    throw new ServingError(
      'INVALID_ARGUMENT',
      `output '${name}' does not exist; the model answered with ${names || 'no outputs'}`,
    )
  })
}

function defect(modelName: string, what: string, cause?: unknown): ServingError {
  return new ServingError('INTERNAL', `Model ${modelName} ${what}`, { cause })
}

/** The tensor-level form of a model with named values. */
function typedForm(model: TypedModel<ContractDefinition>): Pick<Model, 'predict' | 'predictStream'> {
  const readers = Object.entries(model[CONTRACT].inputs).map(([name, field]) => {
    const codec = field.contentType === undefined ? null : codecFor(field.contentType)
    return { name, read: (tensor: Tensor) => (codec === null ? tensor : codec.decode(tensor)) }
  })
  const writers = Object.entries(model[CONTRACT].outputs).map(([name, field]) =>
    outputWriter({ name, ...field }),
  )

  const readValues = (request: InferenceRequest) => {
    const values: Record<string, unknown> = {}
    for (const { name, read } of readers) {
      const tensor = request.inputs.find(input => input.name === name)
      if (tensor !== undefined) values[name] = read(tensor)
    }
    // The contract check before this call has seen that the names and datatypes are right.
    return values as never
  }
  const writeValues = (values: Readonly<Record<string, unknown>> | undefined): ModelResponse => {
    if (typeof values !== 'object' || values === null)
      throw defect(model.settings.name, 'returned nothing; expected an object of outputs')
    const unknown = Object.keys(values).find(key => !Object.hasOwn(model[CONTRACT].outputs, key))
    if (unknown !== undefined)
      throw defect(model.settings.name, `returned '${unknown}', which its contract does not declare`)
    return { outputs: writers.flatMap(write => write(values) ?? []) }
  }

  return {
    predict: async (request, context) => writeValues(await model.predict(readValues(request), context)),
    async *predictStream(requests, context) {
      for await (const request of requests) {
        const values = readValues(request)
        if (model.predictStream === undefined) yield writeValues(await model.predict(values, context))
        else for await (const response of model.predictStream(values, context)) yield writeValues(response)
      }
    },
  }
}

function outputWriter(
  spec: TensorSpec,
): (values: Readonly<Record<string, unknown>>) => TensorLike | undefined {
  const { name, datatype, shape: pattern } = spec
  const codec = spec.contentType === undefined ? null : codecFor(spec.contentType)
  return values => {
    const value = values[name]
    if (value === undefined) return undefined
    if (codec !== null) {
      if (!codec.canEncode(value))
        throw new ServingError(
          'INTERNAL',
          `output '${name}' cannot be written with content type '${codec.contentType}'`,
        )
      return codec.encode(name, value, inferShape(pattern, (value as { length: number }).length, name))
    }
    const { shape, data } = withShape(value, spec)
    return { name, datatype, shape, data } as TensorLike
  }
}

function withShape(
  value: unknown,
  { name, shape: pattern }: TensorSpec,
): { shape: readonly number[]; data: unknown } {
  if (typeof value === 'object' && value !== null && 'shape' in value && 'data' in value) {
    return value as { shape: readonly number[]; data: unknown }
  }
  const length = (value as { length?: unknown }).length
  if (typeof length !== 'number') {
    throw new ServingError('INTERNAL', `output '${name}' is neither an array nor { shape, data }`)
  }
  if (pattern.filter(extent => extent === -1).length > 1) {
    throw new ServingError(
      'INTERNAL',
      `output '${name}' has more than one free dimension in ${formatShape(pattern)}: return { shape, data }`,
    )
  }
  return { shape: inferShape(pattern, length, name), data: value }
}
