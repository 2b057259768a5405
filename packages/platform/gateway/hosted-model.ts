import {
  type InferenceRequest,
  Model,
  type ModelResponse,
  type ModelSettings,
  type RequestContext,
  ServingError,
  type TensorSpec,
} from '@millrace/sdk'
import type { ModelSignature, SignatureField } from '../store/index.ts'
import { copyTensors } from './copy-tensors.ts'
import { datatypeOf } from './data-types.ts'
import { noApplication } from './not-found.ts'
import { nestedRefusal, onlyTensors } from './only-tensors.ts'
import type { Predictor } from './predictor.ts'
import type { Routing } from './routing.ts'
import { nestedFieldOf } from './signature-side.ts'

/**
 * An application or a servable as a model of its name: for V2 and every other door of the server. It reads the routing
 * table with each request; of a servable and an application with one name the servable answers.
 */
export function createHostedModel(name: string, routing: Routing, predictor: Predictor): Model {
  return new HostedModel(name, routing, predictor)
}

/** What a model of this name tells of itself: its signature, or undefined if the table has none. */
export function signatureOf(name: string, { servables, applications }: Routing): ModelSignature | undefined {
  return (
    servables.get(name)?.target.servable.signature ?? applications.get(name)?.target.application.signature
  )
}

/** Whether requests for the name have somebody to answer them. */
export function isAnswered(name: string, { servables, applications }: Routing): boolean {
  const servable = servables.get(name)
  if (servable === undefined) return applications.has(name)
  return servable.target.pool.endpointCount > 0 || servable.target.servable.isAsleep === true
}

/** What nested fields cannot come through. */
const BY_TENSORS = 'a model of tensors cannot be asked with, as over V2; ask the gateway itself'

class HostedModel extends Model {
  readonly #refusal: ServingError | null
  readonly #routing: Routing
  readonly #predictor: Predictor

  constructor(name: string, routing: Routing, predictor: Predictor) {
    const signature = signatureOf(name, routing)
    super(hostedSettings(name, signature))
    const nested = signature === undefined ? null : nestedFieldOf(signature)
    this.#refusal = nested === null ? null : nestedRefusal(nested, BY_TENSORS)
    this.#routing = routing
    this.#predictor = predictor
    this.isReady = isAnswered(name, routing)
  }

  override async predict(
    { inputs }: InferenceRequest,
    { headers, signal, deadlineMs }: RequestContext,
  ): Promise<ModelResponse> {
    if (this.#refusal !== null) throw this.#refusal
    const { name } = this.settings
    // Variants that nobody waits for, and monitoring, look at the inputs when the request is long over.
    const owned = copyTensors(inputs)
    const call = { headers, signal, deadlineMs }
    const servable = this.#routing.servables.get(name)
    if (servable !== undefined) {
      const outputs = await this.#predictor.servable(servable.target, owned, call, true)
      return { outputs: onlyTensors(outputs, BY_TENSORS) }
    }
    const { target } = this.#routing.applications.get(name) ?? noApplication(name)
    return { outputs: onlyTensors(await this.#predictor.application(target, owned, call), BY_TENSORS) }
  }
}

function hostedSettings(name: string, signature: ModelSignature | undefined): ModelSettings {
  if (signature === undefined) {
    throw new ServingError('NOT_FOUND', `there is no application or servable with the name ${name}`)
  }
  return {
    name,
    version: undefined,
    implementation: 'hosted',
    folder: '',
    uri: '',
    platform: 'millrace_gateway',
    versionNotes: [],
    inputs: specsOf(signature.inputs),
    outputs: specsOf(signature.outputs),
    // The gateway checks each servable's own contract, and drops what is not declared.
    enforceContract: false,
    contentType: undefined,
    extra: {},
    parameters: {},
  }
}

/** Fields as V2 publishes them; without those that it cannot say: any shape at all, nested fields, complex numbers. */
function specsOf(fields: readonly SignatureField[]): readonly TensorSpec[] {
  return fields.flatMap(field => {
    if ('subfields' in field || field.shape === null) return []
    const datatype = datatypeOf(field.dtype)
    return datatype === undefined ? [] : [{ name: field.name, datatype, shape: field.shape.dims }]
  })
}
