import { createFieldCodec, type FieldCodec } from '../codecs/index.ts'
import { type ContractDefinition, toModelContract } from '../contract/index.ts'
import { CONTRACT, type InputValues, type TypedModel } from './contract-model.ts'
import type { InferenceRequest, ModelResponse } from './inference.ts'
import { type Model, streamOnly } from './model.ts'
import { assertStream, modelDefect, readAnswer } from './model-defect.ts'

/** The two calls that every form of model can be reduced to: tensors in, tensors out. */
export type TensorForm = Pick<Model, 'predict' | 'predictStream'>

/**
 * The tensor-level form of a model with named values.
 * @throws ServingError INVALID_ARGUMENT when its contract names a content type that does not fit
 */
export function typedForm(model: TypedModel<ContractDefinition>): TensorForm {
  const { name } = model.settings
  const contract = toModelContract(model[CONTRACT])
  const inputs = contract.inputs.map(spec => createFieldCodec(spec, 'input'))
  const outputs = contract.outputs.map(spec => createFieldCodec(spec, 'output'))
  const declared = new Set(outputs.map(output => output.name))

  const writeValues = (values: unknown): ModelResponse => {
    if (typeof values !== 'object' || values === null) {
      throw modelDefect(name, 'returned nothing; expected an object of outputs')
    }
    const entries = new Map(Object.entries(values))
    const unknown = Array.from(entries.keys()).find(key => !declared.has(key))
    if (unknown !== undefined)
      throw modelDefect(name, `returned '${unknown}', which its contract does not declare`)
    return readAnswer(name, () => ({
      outputs: outputs
        .filter(output => entries.get(output.name) !== undefined)
        .map(output => output.write(entries.get(output.name))),
    }))
  }

  const predict: TensorForm['predict'] = async (request, context) => {
    // A type promises this method, but authors also write JavaScript.
    if (typeof model.predict !== 'function') throw streamOnly(name)
    return writeValues(await model.predict(readValues(inputs, request), context))
  }

  return {
    predict,
    async *predictStream(requests, context) {
      for await (const request of requests) {
        if (model.predictStream === undefined) {
          yield await predict(request, context)
          continue
        }
        const responses = model.predictStream(readValues(inputs, request), context)
        assertStream(name, responses)
        for await (const response of responses) yield writeValues(response)
      }
    },
  }
}

/**
 * The values of a request by name. With the contract enforced, names and datatypes have been checked
 * already; without, an input may be missing or a tensor of another kind.
 */
function readValues(
  inputs: readonly FieldCodec[],
  request: InferenceRequest,
): InputValues<ContractDefinition> {
  const values: Record<string, unknown> = {}
  for (const field of inputs) {
    const tensor = request.inputs.find(input => input.name === field.name)
    if (tensor !== undefined) values[field.name] = field.read(tensor)
  }
  // Values have the types that the author's contract gives them, which are not known here.
  return values as InputValues<ContractDefinition>
}
