import type { InferenceSession } from 'onnxruntime-node'
import type { GraphValue } from './graph-contract.ts'
import type { Port } from './graph-plan.ts'
import { describeType, elementTypeName, type ValueType } from './model-proto/index.ts'
import { datatypeOf } from './tensor-types.ts'

/**
 * What is known of the ports: from the file, and, as ONNX Runtime has inferred more than the file says, from the session.
 * @param overrides extents that the settings give to free dimensions, by their names
 */
export function graphValues(
  ports: readonly Port[],
  session: readonly InferenceSession.ValueMetadata[],
  overrides: Readonly<Record<string, number>>,
): readonly GraphValue[] {
  return ports.map(port => {
    const inferred = session.find(({ name }) => name === port.sessionName)
    return graphValue(port, inferred, overrides)
  })
}

function graphValue(
  port: Port,
  inferred: InferenceSession.ValueMetadata | undefined,
  overrides: Readonly<Record<string, number>>,
): GraphValue {
  const { name, labels, type } = port
  const isOptional = port.defaultValue !== undefined
  const problem = port.problem ?? problemOf(type)
  if (problem !== undefined || type.kind !== 'tensor')
    return { name, datatype: undefined, problem, shape: null, isOptional, parameters: undefined }

  const extents = knownExtents(type.shape, inferred)?.map(extent =>
    typeof extent === 'string' ? (overrides[extent] ?? extent) : extent,
  )
  const axisNames = extents?.map(extent => (typeof extent === 'string' ? extent : '')) ?? []
  const parameters = {
    ...(axisNames.some(axis => axis !== '') && { axis_names: axisNames }),
    ...(labels !== undefined && { labels }),
  }
  return {
    name,
    datatype: datatypeOf(elementTypeName(type.elementType)),
    problem: undefined,
    shape: extents?.map(extent => (typeof extent === 'number' && extent >= 0 ? extent : -1)) ?? null,
    isOptional,
    parameters: Object.keys(parameters).length > 0 ? parameters : undefined,
  }
}

/**
 * Extents of the file, or of ONNX Runtime, which infers some; it says [] of a scalar and of an unknown rank alike, and the
 * file tells them apart.
 */
function knownExtents(
  shape: readonly (number | string)[] | null,
  inferred: InferenceSession.ValueMetadata | undefined,
): readonly (number | string)[] | null {
  const found = inferred?.isTensor === true ? inferred.shape : []
  if (found.length === 0) return shape
  if (shape?.length !== found.length) return found
  return found.map((extent, axis) => (typeof extent === 'number' ? extent : (shape[axis] ?? extent)))
}

function problemOf(type: ValueType): string | undefined {
  if (type.kind !== 'tensor') return `its type is ${describeType(type)}, and requests carry tensors only`
  const elementType = elementTypeName(type.elementType)
  if (datatypeOf(elementType) !== undefined) return undefined
  return `it has element type ${elementType}, which no V2 datatype holds; cast it inside the graph, for example to float32`
}
