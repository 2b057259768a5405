import { BinaryReader, BinaryWriter, WireType } from '@bufbuild/protobuf/wire'
import { ServingError } from '@millrace/sdk'
import type { MonitoringMethod } from '../grpc-method.ts'
import type { KnownVersions } from '../known-versions.ts'

const SERVICES = ['/hydrosphere.auto_od.AutoOdService', '/hydrosphere.monitoring.auto_od.AutoOdService']
const NOT_SUPPORTED = 7
const WHY = 'outlier detectors are not made by themselves; register a metric model and a metric specification'

/** Outlier detectors that are made without being asked: whoever asks after one is told that there is none. */
export function autoOdMethods(versions: KnownVersions): ReadonlyMap<string, MonitoringMethod> {
  const status: MonitoringMethod = {
    kind: 'unary',
    async handle(message) {
      const id = versionIdOf(message)
      if ((await versions.get(id)) === undefined) {
        throw new ServingError('NOT_FOUND', `Can't find a model version with id ${id}`)
      }
      // The answers of both generations have these numbers.
      return new BinaryWriter()
        .tag(1, WireType.Varint)
        .int32(NOT_SUPPORTED)
        .tag(2, WireType.LengthDelimited)
        .string(WHY)
        .finish()
    },
  }
  const launch: MonitoringMethod = {
    kind: 'unary',
    handle() {
      throw new ServingError('UNIMPLEMENTED', WHY)
    },
  }
  return new Map(
    SERVICES.flatMap(service => [
      [`${service}/GetModelStatus`, status] as const,
      [`${service}/LaunchAutoOd`, launch] as const,
    ]),
  )
}

/** `{ 1 model_version_id }`; 0 for what no id can be. */
function versionIdOf(message: Uint8Array): number {
  let id = 0
  try {
    const reader = new BinaryReader(message)
    while (reader.pos < reader.len) {
      const [number, type] = reader.tag()
      if (number === 1 && type === WireType.Varint) id = Number(reader.int64())
      else reader.skip(type, number)
    }
  } catch (cause) {
    throw new ServingError('INVALID_ARGUMENT', 'the message is not a valid ModelStatusRequest', { cause })
  }
  return Number.isSafeInteger(id) && id > 0 ? id : 0
}
