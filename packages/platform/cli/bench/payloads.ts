import { readFile, stat } from 'node:fs/promises'
import { dataBytes, type InferenceRequest, ServingError, type Shape } from '@millrace/sdk'
import type { InferenceClient, ModelTarget } from '@millrace/sdk/client'
import { parseInferRequest } from '@millrace/sdk/protocol'
import { CommandFailure } from '../command-failure.ts'
import { EXIT } from '../exit-codes.ts'
import { type Random, randomInputs } from './random-tensors.ts'

/** Different requests, so that no cache answers for the model; fewer where each is large. */
const VARIANTS = 16
const MAX_TOTAL_BYTES = 64 * 1024 * 1024
const MAX_FILE_BYTES = 256 * 1024 * 1024

/**
 * Requests made up from what the server says of the model.
 * @throws CommandFailure for a model that declares no inputs, cannot be asked, or not be given these shapes
 */
export async function madeUpPayloads(
  client: InferenceClient,
  target: ModelTarget,
  shapes: ReadonlyMap<string, Shape>,
  random: Random,
): Promise<readonly InferenceRequest[]> {
  try {
    const { inputs } = await client.modelMetadata(target)
    if (inputs.length === 0) {
      throw new CommandFailure(
        `model ${target.modelName} does not say what its inputs are; give requests with --data FILE`,
        EXIT.configuration,
      )
    }
    const payloads: InferenceRequest[] = []
    let totalBytes = 0
    while (payloads.length < VARIANTS && totalBytes < MAX_TOTAL_BYTES) {
      const made = randomInputs(inputs, shapes, random)
      payloads.push({ ...target, inputs: made })
      totalBytes += made.reduce((sum, { data }) => sum + dataBytes(data).length, 0)
    }
    return payloads
  } catch (error) {
    if (!ServingError.is(error)) throw error
    const exitCode = error.code === 'INVALID_ARGUMENT' ? EXIT.usage : EXIT.request
    throw new CommandFailure(error.message, exitCode, error)
  }
}

/**
 * Requests from a file: one JSON document, or one a line.
 * @throws CommandFailure for a file that has none, has a line that is none, or is too large
 */
export async function filePayloads(path: string, target: ModelTarget): Promise<readonly InferenceRequest[]> {
  const { size } = await stat(path)
  if (size > MAX_FILE_BYTES) {
    throw new CommandFailure(
      `${path} has ${size} bytes; at most ${MAX_FILE_BYTES} are read`,
      EXIT.configuration,
    )
  }
  const bytes = await readFile(path)
  try {
    return [parseInferRequest(bytes, target)]
  } catch {
    // Not one document, so it is one a line; what is wrong then is told by line.
  }
  const lines = bytes.toString().split('\n')
  const payloads = lines.flatMap((line, index) => {
    if (line.trim() === '') return []
    try {
      return [parseInferRequest(Buffer.from(line), target)]
    } catch (error) {
      const { message } = ServingError.from(error, 'it cannot be read')
      throw new CommandFailure(`${path}, line ${index + 1}: ${message}`, EXIT.configuration, error)
    }
  })
  if (payloads.length === 0) throw new CommandFailure(`${path} has no requests`, EXIT.configuration)
  return payloads
}
