import { readFile } from 'node:fs/promises'
import {
  type BoundModel,
  exampleInputs,
  type InferenceRequest,
  type LoadContext,
  type RequestContext,
  ServingError,
} from '@millrace/sdk'
import { parseInferRequest } from '@millrace/sdk/protocol'
import type { ModelVersionSettings } from '../repository/index.ts'

/** No larger than what a REST client may send by default. */
const MAX_FILE_BYTES = 64 * 1024 * 1024

/**
 * Has a model answer its declared warm-up requests, one after the other, before it serves.
 * @throws ServingError naming the file: INVALID_ARGUMENT if it is no request, else the model's failure
 */
export async function warmUp(
  bound: BoundModel,
  settings: ModelVersionSettings,
  context: LoadContext,
): Promise<void> {
  for (const file of settings.warmUpFiles) {
    const request = await readRequest(file, settings)
    try {
      await bound.predict(request, warmUpContext(context))
    } catch (cause) {
      const { code, message } = ServingError.from(
        cause,
        cause instanceof Error ? cause.message : String(cause),
      )
      throw new ServingError(code, `warm-up request ${file} failed: ${message}`, { cause })
    }
  }
}

/**
 * A request that a model can be tried with: its first warm-up request, or one made of its contract.
 * `null` if it declares neither.
 */
export async function trialRequest(
  bound: BoundModel,
  settings: ModelVersionSettings,
): Promise<InferenceRequest | null> {
  const [file] = settings.warmUpFiles
  if (file !== undefined) return readRequest(file, settings)
  const { inputs } = bound.model
  if (inputs.length === 0) return null
  return { modelName: settings.name, modelVersion: settings.version, inputs: exampleInputs(inputs) }
}

export function warmUpContext({ signal, log, metrics }: LoadContext): RequestContext {
  return { headers: {}, signal, deadlineMs: Number.POSITIVE_INFINITY, setHeader() {}, log, metrics }
}

async function readRequest(file: string, { name, version }: ModelVersionSettings): Promise<InferenceRequest> {
  const fail = (problem: string, cause: unknown) =>
    new ServingError('INVALID_ARGUMENT', `warm_up: ${file}: ${problem}`, { cause })
  const body = await readFile(file).catch((cause: unknown) => {
    throw fail(cause instanceof Error ? cause.message : String(cause), cause)
  })
  if (body.byteLength > MAX_FILE_BYTES) {
    throw fail(`the file has ${body.byteLength} bytes; at most ${MAX_FILE_BYTES} are allowed`, undefined)
  }
  try {
    return parseInferRequest(body, {
      modelName: name,
      ...(version === undefined ? {} : { modelVersion: version }),
    })
  } catch (cause) {
    throw fail(cause instanceof Error ? cause.message : String(cause), cause)
  }
}
