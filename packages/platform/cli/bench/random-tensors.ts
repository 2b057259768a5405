import {
  allocateData,
  elementCount,
  exampleInputs,
  ServingError,
  type Shape,
  shapeMatches,
  type Tensor,
  type TensorSpec,
  toTensor,
} from '@millrace/sdk'

/** Elements of one input; more than any model takes, less than memory. */
const MAX_ELEMENTS = 2 ** 28
const LETTERS = 'abcdefghijklmnopqrstuvwxyz'
/** Integers stay where every datatype, and most models, know them. */
const MAX_INTEGER = 100

/** Numbers from 0 to below 1, the same for the same seed. */
export type Random = () => number

/** A generator of 32 bits of state; good enough for data that nobody guesses. */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/**
 * One tensor for each input that a model must have: floats from 0 to below 1, integers to 100, words; text of
 * a content type that has a form of its own is that of an example.
 * @param shapes what free extents are to be, by input; 1 for those not named
 * @throws ServingError INVALID_ARGUMENT for a shape that the model does not declare, or of too many elements
 */
export function randomInputs(
  specs: readonly TensorSpec[],
  shapes: ReadonlyMap<string, Shape>,
  random: Random,
): readonly Tensor[] {
  const names = specs.map(({ name }) => name)
  for (const name of shapes.keys()) {
    if (names.includes(name)) continue
    throw invalid(`the model has no input '${name}'; it has ${names.join(', ') || 'none'}`)
  }
  return specs
    .filter(({ name, isOptional }) => isOptional !== true || shapes.has(name))
    .map(spec => randomTensor(spec, shapes.get(spec.name), random))
}

function randomTensor(spec: TensorSpec, wanted: Shape | undefined, random: Random): Tensor {
  const { name, datatype, shape: pattern } = spec
  const shape = wanted ?? pattern.map(extent => (extent === -1 ? 1 : extent))
  if (!shapeMatches(shape, pattern)) {
    throw invalid(
      `input '${name}' cannot have shape [${shape.join(',')}]; the model says [${pattern.join(',')}]`,
    )
  }
  const count = elementCount(shape, name)
  if (count > MAX_ELEMENTS) {
    throw invalid(`input '${name}' would have ${count} elements; at most ${MAX_ELEMENTS} are made`)
  }
  const integer = () => Math.floor(random() * (MAX_INTEGER + 1))
  switch (datatype) {
    case 'BYTES':
      return texts(spec, shape, count, random)
    case 'BOOL':
      return { name, datatype, shape, data: allocateData(datatype, count).map(() => integer() & 1) }
    case 'INT64':
    case 'UINT64':
      return {
        name,
        datatype,
        shape,
        data: allocateData(datatype, count).map(() => BigInt(integer())),
      } as Tensor
    case 'FP16':
    case 'FP32':
    case 'FP64':
      return { name, datatype, shape, data: allocateData(datatype, count).map(random) } as Tensor
    case 'BF16':
      return toTensor({ name, datatype, shape, data: Array.from({ length: count }, random) })
    default:
      return { name, datatype, shape, data: allocateData(datatype, count).map(integer) } as Tensor
  }
}

function texts(spec: TensorSpec, shape: Shape, count: number, random: Random): Tensor {
  const { name } = spec
  const [example] = exampleInputs([{ ...spec, shape: [1] }]) as [Tensor<'BYTES'>]
  const text = example.data.textAt(0)!
  const isFree = text === 'example'
  const data = Array.from({ length: count }, () => (isFree ? word(random) : text))
  return toTensor({ name, datatype: 'BYTES', shape, data })
}

function word(random: Random): string {
  const length = 4 + Math.floor(random() * 9)
  return Array.from({ length }, () => LETTERS[Math.floor(random() * LETTERS.length)]!).join('')
}

function invalid(message: string): ServingError {
  return new ServingError('INVALID_ARGUMENT', message)
}
