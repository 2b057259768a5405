import { ServingError } from '../../errors/index.ts'
import { type Parameters, type Tensor, tensorFromBytes } from '../../tensor/index.ts'
import { OPEN_BRACE } from './ascii.ts'
import { type BinaryChunks, binaryDataSize, type TensorKind } from './binary-chunks.ts'
import type { JsonReader } from './json-reader.ts'
import type { Location, SchemaViolations } from './schema-violations.ts'
import { readTensorData } from './tensor-data-reader.ts'
import { readTensorMembers } from './tensor-members.ts'
import { skipValue } from './value-reader.ts'

/**
 * Reads one object of `inputs` or `outputs`, whose members may come in any order.
 * @param chunks what follows the JSON part; null if nothing may
 * @param kind how messages call the tensor
 * @returns undefined if anything before or in this tensor broke the schema
 */
export function readTensor(
  reader: JsonReader,
  violations: SchemaViolations,
  loc: Location,
  chunks: BinaryChunks | null,
  kind: TensorKind = 'input',
): Tensor | undefined {
  const start = reader.position
  if (reader.peek() !== OPEN_BRACE) {
    skipValue(reader)
    violations.wrongType('object', loc, start)
    return undefined
  }
  const { name, shape, datatype, parameters, dataStart, data } = readTensorMembers(reader, violations, loc)
  const isBinary = (parameters?.['binary_data_size'] ?? null) !== null
  const hasData = dataStart >= 0

  if (name === undefined) violations.missing([...loc, 'name'], start)
  if (shape === undefined) violations.missing([...loc, 'shape'], start)
  if (datatype === undefined) violations.missing([...loc, 'datatype'], start)
  if (!hasData && !isBinary && chunks === null) violations.missing([...loc, 'data'], start)
  // The first three cannot be undefined any more; only the compiler does not know.
  if (!violations.isEmpty || name === undefined || shape === undefined || datatype === undefined) {
    return undefined
  }

  if (hasData === isBinary) {
    throw invalid(
      `${kind} '${name}' has ${hasData ? 'both' : 'neither'} data ${hasData ? 'and' : 'nor'} parameters.binary_data_size; give exactly one of them`,
    )
  }
  if (isBinary) {
    if (chunks === null) {
      throw invalid(
        `${kind} '${name}' has parameters.binary_data_size, but without the header Inference-Header-Content-Length the whole body is JSON`,
      )
    }
    const chunk = chunks.take(name, binaryDataSize(kind, name, parameters))
    return tensorFromBytes(name, datatype, shape, chunk, withoutSize(parameters))
  }

  const elements = data ?? readAt(reader, dataStart, () => readTensorData(reader, name, datatype, shape))
  // That the elements are of the kind that `datatype` asks for is readTensorData's promise.
  return { name, datatype, shape, data: elements, parameters } as Tensor
}

/** Reads something that the cursor has passed already. */
function readAt<T>(reader: JsonReader, position: number, read: () => T): T {
  const end = reader.position
  reader.position = position
  const value = read()
  reader.position = end
  return value
}

/** The size tells how the request was sent; a model that passes its inputs on must not repeat it. */
function withoutSize(parameters: Parameters | undefined): Parameters | undefined {
  const { binary_data_size: _, ...rest } = parameters ?? {}
  return Object.keys(rest).length === 0 ? undefined : rest
}

function invalid(message: string): ServingError {
  return new ServingError('INVALID_ARGUMENT', message)
}
