import { elementCount, exampleInputs, type Shape, type TensorSpec } from '@millrace/sdk'
import type { InferenceSession, Tensor as OrtTensor } from 'onnxruntime-node'
import type { GraphValue } from './graph-contract.ts'
import type { Port } from './graph-plan.ts'
import { feedsOf, type InputPort } from './session-ports.ts'

/** Two, because 1 could not be told from an extent that is always 1. */
const TRIED_EXTENT = 2
const MOST_TRIED_ELEMENTS = 2 ** 22

/**
 * Finds out by one run what the graph does not say of its outputs, or says wrongly: exporters leave shapes out, or write
 * the one of a single row, and ONNX Runtime does not mind. Nothing is run for a graph that leaves no doubt.
 * @returns the values, and why the run failed if it did; then they are those that were given
 */
export async function triedShapes(
  session: InferenceSession,
  inputs: readonly InputPort[],
  outputs: readonly Port[],
  values: readonly GraphValue[],
): Promise<{ readonly values: readonly GraphValue[]; readonly failure?: unknown }> {
  const isFree = inputs.some(([{ shape }]) => shape.includes(-1))
  const isDoubtful = ({ datatype, shape }: GraphValue): boolean =>
    datatype !== undefined && (shape === null || (isFree && !shape.includes(-1)))
  if (!values.some(isDoubtful)) return { values }
  try {
    const results = await runExample(session, inputs, outputs, values.filter(isDoubtful))
    return {
      values: values.map(value => {
        const port = outputs.find(({ name }) => name === value.name)
        const found = port === undefined ? undefined : results?.[port.sessionName]?.dims
        return found === undefined ? value : { ...value, shape: agreed(value.shape, found) }
      }),
    }
  } catch (failure) {
    return { values, failure }
  }
}

async function runExample(
  session: InferenceSession,
  inputs: readonly InputPort[],
  outputs: readonly Port[],
  doubtful: readonly GraphValue[],
): Promise<Readonly<Record<string, OrtTensor>> | undefined> {
  const specs = inputs.map(
    ([spec]): TensorSpec => ({
      ...spec,
      shape: spec.shape.map(extent => (extent === -1 ? TRIED_EXTENT : extent)),
    }),
  )
  if (specs.some(({ name, shape }) => elementCount(shape, name) > MOST_TRIED_ELEMENTS)) return undefined
  const given = specs.filter((_, index) => inputs[index]?.[1].defaultValue === undefined)
  const wanted = outputs.filter(({ name }) => doubtful.some(value => value.name === name))
  return session.run(
    feedsOf({ inputs: exampleInputs(given) }, inputs),
    wanted.map(({ sessionName }) => sessionName),
  )
}

/** What holds of both: extents that differ are free. Of a rank that nobody knew, every extent is. */
function agreed(said: Shape | null, found: Shape): Shape {
  if (said?.length !== found.length) return found.map(() => -1)
  return said.map((extent, axis) => (extent === found[axis] ? extent : -1))
}
