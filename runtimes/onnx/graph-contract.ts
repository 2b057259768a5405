import {
  type Datatype,
  formatShape,
  type Parameters,
  ServingError,
  type Shape,
  type TensorSpec,
} from '@millrace/sdk'

type Side = 'input' | 'output'

/** What a graph says of one input or output. */
export interface GraphValue {
  readonly name: string
  /** Undefined if it cannot be served, for the reason in `problem`. */
  readonly datatype: Datatype | undefined
  readonly problem: string | undefined
  /** Free extents are -1; null where the graph leaves even the rank open. */
  readonly shape: Shape | null
  /** True for an input that has a default. */
  readonly isOptional: boolean
  /** What is published besides: the names of axes, the labels of classes. */
  readonly parameters: Parameters | undefined
}

/**
 * The inputs or outputs to publish: those of the graph, free and symbolic dimensions as -1; or the
 * declared ones, if there are any and the graph agrees. A declaration must have all inputs but optional ones, may leave
 * outputs out, and may fix a dimension that the graph leaves free; what the graph knows besides is added to it.
 *
 * @throws ServingError FAILED_PRECONDITION naming the file, the input or output, and what is wrong with it.
 */
export function resolveSpecs(
  side: Side,
  graph: readonly GraphValue[],
  declared: readonly TensorSpec[],
  file: string,
): readonly TensorSpec[] {
  const twin = graph.find(({ name }, index) => graph.findIndex(other => other.name === name) < index)
  if (twin !== undefined) throw unservable(file, `two ${side}s would be named '${twin.name}'`)
  return declared.length === 0
    ? graph.map(value => graphSpec(side, value, file))
    : declaredSpecs(side, graph, declared, file)
}

function declaredSpecs(
  side: Side,
  graph: readonly GraphValue[],
  declared: readonly TensorSpec[],
  file: string,
): readonly TensorSpec[] {
  const specs = declared.map(spec => {
    const value = graph.find(candidate => candidate.name === spec.name)
    if (value !== undefined) return declaredSpec(side, value, spec, file)
    const names = graph.map(({ name }) => `'${name}'`).join(', ')
    throw unservable(
      file,
      `the settings declare ${side} '${spec.name}', but the graph has ${names || 'none'}`,
    )
  })
  const missing = graph.find(
    ({ name, isOptional }) => !isOptional && !declared.some(spec => spec.name === name),
  )
  if (side === 'input' && missing !== undefined)
    throw unservable(file, `the settings declare inputs, but not '${missing.name}', which the graph needs`)
  return specs
}

function declaredSpec(side: Side, value: GraphValue, spec: TensorSpec, file: string): TensorSpec {
  const datatype = servedDatatype(side, value, file)
  const declares = `the settings declare ${side} '${spec.name}'`
  if (spec.datatype !== datatype)
    throw unservable(file, `${declares} as ${spec.datatype}; in the graph it is ${datatype}`)
  if (value.shape !== null && !isWithin(spec.shape, value.shape))
    throw unservable(
      file,
      `${declares} with shape ${formatShape(spec.shape)}; in the graph it is ${formatShape(value.shape)}`,
    )
  if (side === 'input' && spec.isOptional === true && !value.isOptional)
    throw unservable(file, `${declares} as optional, and the graph has no default for it`)
  if (value.parameters === undefined) return spec
  return { ...spec, parameters: { ...value.parameters, ...spec.parameters } }
}

/** True if every shape that `narrow` lets through is let through by `wide`. */
function isWithin(narrow: Shape, wide: Shape): boolean {
  return (
    narrow.length === wide.length && wide.every((extent, axis) => extent === -1 || extent === narrow[axis])
  )
}

function graphSpec(side: Side, value: GraphValue, file: string): TensorSpec {
  const { name, shape, isOptional, parameters } = value
  const datatype = servedDatatype(side, value, file)
  if (shape !== null)
    return { name, datatype, shape, ...(isOptional && { isOptional }), ...(parameters && { parameters }) }
  throw unservable(
    file,
    `the graph does not say how many dimensions ${side} '${name}' (${datatype}) has; declare the model's ${side}s in its settings`,
  )
}

function servedDatatype(side: Side, { name, datatype, problem }: GraphValue, file: string): Datatype {
  if (datatype !== undefined) return datatype
  const advice = side === 'output' ? ', or declare the outputs to serve without it' : ''
  throw unservable(file, `${side} '${name}': ${problem ?? 'it has no V2 datatype'}${advice}`)
}

function unservable(file: string, what: string): ServingError {
  return new ServingError('FAILED_PRECONDITION', `'${file}' cannot be served: ${what}`)
}
