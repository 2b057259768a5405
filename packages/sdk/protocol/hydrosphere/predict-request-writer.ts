import { ServingError } from '../../errors/index.ts'
import { fieldSize, textFieldSize, varint64Size } from '../protobuf/wire-sizes.ts'
import { WireWriter } from '../protobuf/wire-writer.ts'
import type { HydrosphereGeneration } from './generation.ts'
import type { HydrosphereRequest } from './group.ts'
import { planTensorMap, writeTensorMap } from './tensor-map-writer.ts'

const MAX_INT64 = 2n ** 63n - 1n

/**
 * Writes a `PredictRequest` for a runtime as pieces that make it up in order. Tensors of 16 KiB and more are pieces by
 * reference, so they must not change until the pieces are sent. In G3 a request is its inputs and nothing else. Id,
 * parameters and requested outputs have no place in any generation.
 * @param signatureName the function of the model that is meant; G1 chooses by it
 * @throws ServingError UNIMPLEMENTED for a datatype that the generation cannot carry; INVALID_ARGUMENT for a version
 * that is no integer, in G1 and G2
 */
export function encodePredictRequest(
  request: HydrosphereRequest,
  generation: HydrosphereGeneration,
  signatureName = '',
): Uint8Array[] {
  const inputs = planTensorMap(request.inputs, generation)
  if (generation === 'G3') {
    const writer = new WireWriter(inputs.copiedBytes)
    writeTensorMap(writer, 0x0a, inputs)
    return writer.finish()
  }
  const version = versionNumber(request.modelVersion)
  const versionSize = version === undefined ? 0 : wrappedSize(version)
  const specSize =
    textFieldSize(request.modelName) +
    (version === undefined ? 0 : fieldSize(versionSize)) +
    textFieldSize(signatureName)
  const writer = new WireWriter((specSize === 0 ? 0 : fieldSize(specSize)) + inputs.copiedBytes)
  if (specSize > 0) {
    writer.head(0x0a, specSize)
    writer.textField(0x0a, request.modelName)
    if (version !== undefined) {
      writer.head(0x12, versionSize)
      if (versionSize > 0) {
        writer.byte(0x08)
        writer.varint64(Number(version & 0xffff_ffffn), Number(version >> 32n))
      }
    }
    writer.textField(0x1a, signatureName)
  }
  writeTensorMap(writer, 0x12, inputs)
  return writer.finish()
}

/**
 * Writes a request for the gateway: `GatewayPredictRequest` in G3, `ServablePredictRequest` in G2. The model's name is
 * that of the servable or application.
 * @throws as {@link encodePredictRequest} does
 */
export function encodeGatewayRequest(
  request: HydrosphereRequest,
  generation: Exclude<HydrosphereGeneration, 'G1'>,
): Uint8Array[] {
  const inputs = planTensorMap(request.inputs, generation)
  const writer = new WireWriter(textFieldSize(request.modelName) + inputs.copiedBytes)
  writer.textField(0x0a, request.modelName)
  writeTensorMap(writer, 0x12, inputs)
  return writer.finish()
}

function versionNumber(version: string | undefined): bigint | undefined {
  if (version === undefined || version === '') return undefined
  if (/^\d{1,19}$/.test(version) && BigInt(version) <= MAX_INT64) return BigInt(version)
  throw new ServingError(
    'INVALID_ARGUMENT',
    `modelVersion is '${version}'; Hydrosphere's versions are integers from 0 to 2^63 - 1`,
  )
}

/** Of an `Int64Value`, in which 0 is left out. */
function wrappedSize(version: bigint): number {
  if (version === 0n) return 0
  return 1 + varint64Size(Number(version & 0xffff_ffffn) | 0, Number(version >> 32n))
}
