import { ServingError } from '@millrace/sdk'
import { readSignatureJson } from '../../resources/index.ts'
import type { ModelSignature } from '../../store/index.ts'
import type { PayloadContents } from '../payload/scan-payload.ts'
import { readContractBytes } from './contract-bytes.ts'
import { readContractText } from './contract-text.ts'

/**
 * The signature that was given, else that of a `contract.prototxt` or `contract.protobin` in the payload, the one that
 * lies highest first. Models of TensorFlow, Keras and Spark are not read for theirs; the refusal says so.
 *
 * @throws ServingError INVALID_ARGUMENT when there is none, or when it is wrong
 */
export function findSignature(
  modelName: string,
  given: unknown,
  { contracts, modelFiles }: Pick<PayloadContents, 'contracts' | 'modelFiles'>,
): ModelSignature {
  if (given !== undefined && given !== null) return readSignatureJson(given)
  const [path] = [...contracts.keys()].toSorted((a, b) => depthOf(a) - depthOf(b) || (a < b ? 1 : -1))
  if (path !== undefined) return readContractFile(path, contracts.get(path)!)
  const unread =
    modelFiles.length === 0
      ? ''
      : `; reading one from '${modelFiles[0]}' is not supported: give modelSignature, or ship a contract.prototxt`
  throw new ServingError('INVALID_ARGUMENT', `No signature provided for a model ${modelName}${unread}`)
}

function readContractFile(path: string, bytes: Uint8Array): ModelSignature {
  try {
    const signature = path.endsWith('.prototxt')
      ? readContractText(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
      : readContractBytes(bytes)
    // Bytes have passed no check yet of names and shapes.
    return readSignatureJson(signature, 'contract')
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    throw new ServingError('INVALID_ARGUMENT', `payload: '${path}': ${message}`, { cause: error })
  }
}

function depthOf(path: string): number {
  return path.split('/').filter(part => part !== '' && part !== '.').length
}
