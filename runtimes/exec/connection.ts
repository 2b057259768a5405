import type { Logger, ModelContract, ModelSettings } from '@millrace/sdk'
import { createGrpcClient, createHydrosphereClient } from '@millrace/sdk/client'
import { type HydrosphereSignature, toTensorSpecs } from '@millrace/sdk/protocol'
import type { Backend } from './backend.ts'
import { readSignature } from './contract-file.ts'
import type { ExecSettings, Protocol } from './exec-settings.ts'
import { createHydrosphereBackend, GENERATIONS } from './hydrosphere-backend.ts'
import { createV2Backend } from './v2-backend.ts'

/** How long a program may take to say what its model takes and gives. */
const METADATA_TIMEOUT_MS = 10_000

/** A program that is ready, and what its model takes and gives. */
export interface Connection {
  readonly backend: Backend
  /** Empty lists where nobody has said it. */
  readonly contract: ModelContract
}

/**
 * Connects to a program that is ready at `address`.
 * @throws ServingError FAILED_PRECONDITION for a contract file that cannot be used
 */
export async function connect(
  address: string,
  protocol: Protocol,
  exec: ExecSettings,
  settings: ModelSettings,
  { log, signal }: { readonly log: Logger; readonly signal: AbortSignal },
): Promise<Connection> {
  const { modelName, maxMessageBytes } = exec
  const options = { target: address, maxResponseBytes: maxMessageBytes }
  if (protocol === 'v2') {
    const backend = createV2Backend(createGrpcClient(options), { modelName, modelVersion: settings.version })
    return { backend, contract: await askContract(backend, settings, { log, signal }) }
  }
  const generation = GENERATIONS[protocol]
  const signature = await readSignature(exec.modelDir, generation, exec.signature)
  const client = createHydrosphereClient({ ...options, generation })
  const signatureName = signature?.name ?? exec.signature
  const contract = declaredOr(settings, fromSignature(signature, log))
  const backend = createHydrosphereBackend(protocol, client, modelName, signatureName, contract.outputs)
  return { backend, contract }
}

/** What the program says, where the settings do not. A program that does not say it is served all the same. */
async function askContract(
  backend: Backend,
  settings: ModelSettings,
  { log, signal }: { readonly log: Logger; readonly signal: AbortSignal },
): Promise<ModelContract> {
  let found: ModelContract = { inputs: [], outputs: [] }
  try {
    found = (await backend.metadata?.({ signal, timeoutMs: METADATA_TIMEOUT_MS })) ?? found
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    log.warn('the program does not say what its model takes and gives', { reason })
  }
  return declaredOr(settings, found)
}

function declaredOr({ inputs, outputs }: ModelSettings, found: ModelContract): ModelContract {
  return {
    inputs: inputs.length > 0 ? inputs : found.inputs,
    outputs: outputs.length > 0 ? outputs : found.outputs,
  }
}

/** A side with a field of any shape is left undeclared: such a field cannot be published. */
function fromSignature(signature: HydrosphereSignature | undefined, log: Logger): ModelContract {
  if (signature === undefined) return { inputs: [], outputs: [] }
  const inputs = toTensorSpecs(signature.inputs)
  const outputs = toTensorSpecs(signature.outputs)
  if (inputs === undefined || outputs === undefined) {
    const side = inputs === undefined ? 'inputs' : 'outputs'
    log.warn(`the contract leaves a shape open, so its ${side} are neither published nor checked`, {
      signature: signature.name,
    })
  }
  return { inputs: inputs ?? [], outputs: outputs ?? [] }
}
