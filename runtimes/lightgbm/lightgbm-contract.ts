import { formatShape, ServingError, type Shape, type TensorSpec } from '@millrace/sdk'
import type { Booster } from './booster.ts'
import type { LightgbmOptions } from './lightgbm-options.ts'
import type { TableColumns } from './table-columns.ts'

/** Every output, by the type of prediction it holds. */
export const OUTPUT_NAMES = { value: 'predict', raw_score: 'raw_score', leaf_index: 'leaf_index' } as const

export type OutputName = (typeof OUTPUT_NAMES)[keyof typeof OUTPUT_NAMES]

/** The name that KServe's examples give the one tensor of tabular models. Any other name is read too. */
const MATRIX_NAME = 'input-0'

/**
 * The inputs to publish: those that the settings declare, else one matrix, or a column for each feature if the settings' content
 * type is `pd`.
 * @throws ServingError FAILED_PRECONDITION where a declaration and the model disagree
 */
export function inputSpecs(
  table: TableColumns,
  declared: readonly TensorSpec[],
  contentType: string | undefined,
): readonly TensorSpec[] {
  const { featureCount, featureNames } = table
  if (declared.length > 0) {
    checkDeclaredInputs(declared, table)
    return declared
  }
  if (contentType !== 'pd')
    return [{ name: MATRIX_NAME, datatype: 'FP64', shape: [-1, featureCount], contentType: 'np' }]
  return featureNames.map((name, feature) =>
    table.hasCategories(feature)
      ? { name, datatype: 'BYTES', shape: [-1, 1], contentType: 'str' }
      : { name, datatype: 'FP64', shape: [-1, 1] },
  )
}

/**
 * The outputs to publish. Only the one that the settings make the default is in every answer.
 * @throws ServingError FAILED_PRECONDITION where a declaration and the model disagree
 */
export function outputSpecs(
  { outputCount, treeCount }: Booster,
  { predictType }: LightgbmOptions,
  declared: readonly TensorSpec[],
): readonly TensorSpec[] {
  const own: readonly TensorSpec[] = [
    { name: OUTPUT_NAMES.value, datatype: 'FP64', shape: [-1, outputCount] },
    { name: OUTPUT_NAMES.raw_score, datatype: 'FP64', shape: [-1, outputCount] },
    { name: OUTPUT_NAMES.leaf_index, datatype: 'INT32', shape: [-1, treeCount] },
  ]
  const isOptional = (name: string) => name !== OUTPUT_NAMES[predictType]
  if (declared.length === 0) return own.map(spec => ({ ...spec, isOptional: isOptional(spec.name) }))
  for (const spec of declared) {
    const match = own.find(({ name }) => name === spec.name)
    if (match === undefined)
      throw disagreement('output', spec, `the model has ${own.map(({ name }) => name).join(', ')}`)
    if (match.datatype !== spec.datatype || !isWithin(spec.shape, match.shape))
      throw disagreement('output', spec, `it is ${match.datatype} ${formatShape(match.shape)}`)
  }
  if (declared.every(({ name }) => isOptional(name)))
    throw new ServingError(
      'FAILED_PRECONDITION',
      `the settings declare outputs, but not '${OUTPUT_NAMES[predictType]}', which is answered unless others are asked for`,
    )
  return declared.map(spec => ({ ...spec, isOptional: spec.isOptional ?? isOptional(spec.name) }))
}

function checkDeclaredInputs(declared: readonly TensorSpec[], table: TableColumns): void {
  const { featureCount } = table
  const [only] = declared
  const isMatrix =
    declared.length === 1 &&
    only!.shape.length === 2 &&
    (only!.shape[1] === featureCount || only!.shape[1] === -1)
  if (isMatrix) return
  for (const spec of declared) {
    if (!table.has(spec.name)) throw disagreement('input', spec, `expected ${table.expected}`)
  }
  if (declared.length === featureCount) return
  throw new ServingError(
    'FAILED_PRECONDITION',
    `the settings declare ${declared.length} inputs; the model reads ${table.expected}`,
  )
}

function isWithin(declared: Shape, own: Shape): boolean {
  return (
    declared.length === own.length &&
    declared.every((extent, axis) => extent === -1 || axis === 0 || extent === own[axis])
  )
}

function disagreement(
  side: 'input' | 'output',
  { name, datatype, shape }: TensorSpec,
  what: string,
): ServingError {
  return new ServingError(
    'FAILED_PRECONDITION',
    `the settings declare ${side} '${name}' as ${datatype} ${formatShape(shape)}; ${what}`,
  )
}
