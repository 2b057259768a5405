import {
  formatShape,
  type InferenceRequest,
  type InferenceResponse,
  inferShape,
  type ParameterValue,
  ServingError,
  type Tensor,
  type TensorLike,
  type TensorSpec,
  toTensor,
} from '@millrace/sdk'
import type { GenerateRequest } from '@millrace/sdk/protocol'

const TEXT_INPUT = 'text_input'
const TEXT_OUTPUT = 'text_output'

/**
 * A request of Triton's generate extension for a model with these inputs. A member called like an input
 * is that input, and `text_input` is also the only input of texts; all others are request parameters. What
 * is within `parameters` counts the same.
 * @throws ServingError INVALID_ARGUMENT for a value that does not fit its input, FAILED_PRECONDITION for a
 * model that has no place for `text_input`
 */
export function toInferenceRequest(
  { id, members, parameters: nested = {} }: GenerateRequest,
  target: { readonly modelName: string; readonly modelVersion: string | undefined },
  specs: readonly TensorSpec[],
): InferenceRequest {
  const byName = new Map(specs.map(spec => [spec.name, spec]))
  const inputs = new Map<string, Tensor>()
  const parameters = new Map<string, ParameterValue>()
  for (const [name, value] of [...members, ...Object.entries(nested)]) {
    const spec = name === TEXT_INPUT ? textInputOf(specs, target.modelName) : byName.get(name)
    const known = spec === undefined ? parameters : inputs
    if (known.has(spec?.name ?? name)) throw invalid(`'${name}' is given twice`)
    if (spec === undefined) parameters.set(name, value)
    else inputs.set(spec.name, toInput(spec, value))
  }
  return {
    ...target,
    id,
    parameters: parameters.size === 0 ? undefined : Object.fromEntries(parameters),
    inputs: [...inputs.values()],
  }
}

/** The answer as the extension names it: the only output of texts is `text_output`. */
export function withTextOutput(response: InferenceResponse): InferenceResponse {
  const { outputs } = response
  if (outputs.some(({ name }) => name === TEXT_OUTPUT)) return response
  const texts = outputs.filter(({ datatype }) => datatype === 'BYTES')
  if (texts.length !== 1) return response
  const [text] = texts
  return {
    ...response,
    outputs: outputs.map(output => (output === text ? { ...output, name: TEXT_OUTPUT } : output)),
  }
}

/** The input that `text_input` goes to, by its name or because there is no other of its kind. */
export function findTextInput(specs: readonly TensorSpec[]): TensorSpec | undefined {
  const texts = specs.filter(({ datatype }) => datatype === 'BYTES')
  return texts.find(({ name }) => name === TEXT_INPUT) ?? (texts.length === 1 ? texts[0] : undefined)
}

function textInputOf(specs: readonly TensorSpec[], modelName: string): TensorSpec {
  const found = findTextInput(specs)
  if (found !== undefined) return found
  const declared = specs.map(({ name, datatype, shape }) => `'${name}' ${datatype} ${formatShape(shape)}`)
  throw new ServingError(
    'FAILED_PRECONDITION',
    `Model ${modelName} has no input for 'text_input': it takes an input of that name, or the only one, with datatype BYTES; ` +
      `the model declares ${declared.length === 0 ? 'no inputs' : declared.join(', ')}. An inference request with 'inputs' is answered here, too`,
  )
}

function toInput({ name, datatype, shape }: TensorSpec, value: ParameterValue): Tensor {
  const values: readonly ParameterValue[] = isList(value) ? value : [value]
  if (values.some(isList)) {
    throw invalid(`'${name}' is a list of lists; here it must be one value or a list of values`)
  }
  const isFloat = datatype.startsWith('FP') || datatype === 'BF16'
  // A whole number beyond 2^53 is read as a bigint, which is not what a float is made of.
  const data = isFloat ? values.map(item => (typeof item === 'bigint' ? Number(item) : item)) : values
  // `toTensor` looks at every value; the type would have it done already.
  return toTensor({ name, datatype, shape: inferShape(shape, data.length, name), data } as TensorLike)
}

function isList(value: ParameterValue): value is readonly ParameterValue[] {
  return Array.isArray(value)
}

function invalid(message: string): ServingError {
  return new ServingError('INVALID_ARGUMENT', message)
}
