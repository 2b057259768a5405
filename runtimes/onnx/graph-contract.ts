import { formatShape, ServingError, type Shape, type TensorSpec } from '@millrace/sdk'
import type { InferenceSession } from 'onnxruntime-node'
import { readShapedNames } from './shaped-names.ts'
import { datatypeOf } from './tensor-types.ts'

type Side = 'input' | 'output'

/**
 * The inputs or outputs to publish: those of the graph, free and symbolic dimensions as -1; or the
 * declared ones, if there are any and the graph agrees. A declaration must have all inputs, may leave
 * outputs out, and may fix a dimension that the graph leaves free.
 *
 * @throws ServingError FAILED_PRECONDITION naming the file, the input or output, and what is wrong with it.
 */
export function resolveSpecs(
  side: Side,
  graph: readonly InferenceSession.ValueMetadata[],
  declared: readonly TensorSpec[],
  file: string,
): readonly TensorSpec[] {
  return declared.length === 0
    ? graph.map(value => graphSpec(side, value, file))
    : declaredSpecs(side, graph, declared, file)
}

function declaredSpecs(
  side: Side,
  graph: readonly InferenceSession.ValueMetadata[],
  declared: readonly TensorSpec[],
  file: string,
): readonly TensorSpec[] {
  for (const spec of declared) {
    const value = graph.find(candidate => candidate.name === spec.name)
    if (value === undefined) {
      const names = graph.map(({ name }) => `'${name}'`).join(', ')
      throw unservable(
        file,
        `the settings declare ${side} '${spec.name}', but the graph has ${names || 'none'}`,
      )
    }
    checkAgreement(side, value, spec, file)
  }
  const missing = graph.find(({ name }) => !declared.some(spec => spec.name === name))
  if (side === 'input' && missing !== undefined)
    throw unservable(file, `the settings declare inputs, but not '${missing.name}', which the graph needs`)
  return declared
}

function checkAgreement(
  side: Side,
  value: InferenceSession.ValueMetadata,
  spec: TensorSpec,
  file: string,
): void {
  const { datatype, shape } = graphValue(side, value, file)
  if (spec.datatype !== datatype) {
    throw unservable(
      file,
      `the settings declare ${side} '${spec.name}' as ${spec.datatype}; in the graph it is ${datatype}`,
    )
  }
  if (shape === null || isWithin(spec.shape, shape)) return
  throw unservable(
    file,
    `the settings declare ${side} '${spec.name}' with shape ${formatShape(spec.shape)}; in the graph it is ${formatShape(shape)}`,
  )
}

/** True if every shape that `narrow` lets through is let through by `wide`. */
function isWithin(narrow: Shape, wide: Shape): boolean {
  return (
    narrow.length === wide.length && wide.every((extent, axis) => extent === -1 || extent === narrow[axis])
  )
}

function graphSpec(side: Side, value: InferenceSession.ValueMetadata, file: string): TensorSpec {
  const { datatype, shape } = graphValue(side, value, file)
  if (shape !== null) return { name: value.name, datatype, shape }
  throw unservable(
    file,
    `the graph does not say how many dimensions ${side} '${value.name}' (${datatype}) has; declare the model's ${side}s in its settings`,
  )
}

/** What the graph says of one value; `shape` is null where it leaves even the rank open. */
function graphValue(
  side: Side,
  value: InferenceSession.ValueMetadata,
  file: string,
): { datatype: TensorSpec['datatype']; shape: Shape | null } {
  if (!value.isTensor) {
    const advice =
      side === 'output'
        ? ": export the model so that it returns tensors (scikit-learn: options={'zipmap': False}), or declare the outputs to serve without it"
        : ', and requests carry tensors only'
    throw unservable(file, `${side} '${value.name}' is a sequence, map or optional value${advice}`)
  }
  const datatype = datatypeOf(value.type)
  if (datatype === undefined)
    throw unservable(
      file,
      `${side} '${value.name}' has element type ${value.type}, which no V2 datatype holds`,
    )
  const shape = value.shape.map(extent => (typeof extent === 'number' ? extent : -1))
  // ONNX Runtime says [] of a scalar and of an unknown rank alike; the file itself tells them apart.
  const isRankKnown = shape.length > 0 || readShapedNames(file).has(value.name)
  return { datatype, shape: isRankKnown ? shape : null }
}

function unservable(file: string, what: string): ServingError {
  return new ServingError('FAILED_PRECONDITION', `'${file}' cannot be served: ${what}`)
}
