import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { ServingError } from '@millrace/sdk'
import {
  decodeContract,
  type HydrosphereContract,
  type HydrosphereGeneration,
  type HydrosphereSignature,
} from '@millrace/sdk/protocol'

const NAME = 'contract.protobin'
/** A field takes some dozen bytes, so this is room for tens of thousands. */
const MAX_BYTES = 4 * 1024 * 1024

/**
 * The signature that `contract.protobin` in a model's folder has under a name, or its only one; undefined if there is no
 * such file.
 * @throws ServingError FAILED_PRECONDITION naming the file for one that cannot be read, and for a signature that is not
 * there or not named although there are several
 */
export async function readSignature(
  folder: string,
  generation: HydrosphereGeneration,
  name: string | undefined,
): Promise<HydrosphereSignature | undefined> {
  const path = join(folder, NAME)
  const found = await stat(path).catch(() => undefined)
  if (found === undefined) return undefined
  if (!found.isFile() || found.size > MAX_BYTES) {
    throw invalid(`'${path}' is no contract: it must be a file of at most ${MAX_BYTES} bytes`)
  }
  const { signatures } = decoded(path, await readFile(path), generation)
  const names = signatures.map(signature => `'${signature.name}'`).join(', ')
  if (name === undefined) {
    const [only, second] = signatures
    if (only !== undefined && second === undefined) return only
    throw invalid(
      only === undefined
        ? `'${path}' has no signature`
        : `'${path}' has several signatures, ${names}; parameters.extra.signature must name one of them`,
    )
  }
  const chosen = signatures.find(signature => signature.name === name)
  if (chosen !== undefined) return chosen
  throw invalid(
    `parameters.extra.signature is '${name}', which '${path}' does not have; it has ${names || 'none'}`,
  )
}

function decoded(path: string, bytes: Uint8Array, generation: HydrosphereGeneration): HydrosphereContract {
  try {
    return decodeContract(bytes, generation)
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new ServingError('FAILED_PRECONDITION', `'${path}' is no contract of ${generation}: ${reason}`, {
      cause: error,
    })
  }
}

function invalid(message: string): ServingError {
  return new ServingError('FAILED_PRECONDITION', message)
}
