import { formatShape, ServingError, type Tensor } from '@millrace/sdk'

const LONGEST_REASON = 300

/** Words by which operators complain of extents; ONNX Runtime's errors have no code that would tell. */
const ABOUT_SHAPES = /shape|dimension|\bdims?\b|\brank\b|broadcast|\bchannels?\b|\bfeatures?\b/i

/** Element types that the binding refuses by their number in onnx.proto's `TensorProto.DataType`. */
const REFUSED_ELEMENT_TYPES: Readonly<Record<string, string>> = {
  14: 'complex64',
  15: 'complex128',
  16: 'bfloat16',
  17: 'float8e4m3fn',
  18: 'float8e4m3fnuz',
  19: 'float8e5m2',
  20: 'float8e5m2fnuz',
  23: 'float4e2m1',
}

/** What to throw when ONNX Runtime could not load a file. */
export function loadError(cause: unknown, file: string): ServingError {
  const message = messageOf(cause)
  const refused = REFUSED_ELEMENT_TYPES[/^Unsupported data type: (\d+)/.exec(message)?.[1] ?? '']
  const reason =
    refused === undefined
      ? reasonIn(message)
      : `an input or output has element type ${refused}, which cannot be exchanged with JavaScript; cast it inside the graph, for example to float32`
  return new ServingError('FAILED_PRECONDITION', `ONNX Runtime cannot load '${file}': ${reason}`, { cause })
}

/**
 * What to throw when a run failed: INVALID_ARGUMENT with the shapes that were sent when those are to
 * blame (a graph with free dimensions finds out while it runs), INTERNAL otherwise.
 */
export function runError(cause: unknown, inputs: readonly Tensor[]): ServingError {
  const reason = reasonIn(messageOf(cause))
  if (!ABOUT_SHAPES.test(reason))
    return new ServingError('INTERNAL', 'ONNX Runtime failed while it ran the model', { cause })
  const shapes = inputs.map(({ name, shape }) => `'${name}' ${formatShape(shape)}`).join(', ')
  return new ServingError(
    'INVALID_ARGUMENT',
    `the model cannot run inputs of these shapes: ${shapes} (${reason})`,
    { cause },
  )
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

/**
 * The part of a message that means something to a user:
 *
 *     Non-zero status code … node. Name:'' Status Message: /src/ops.h:583 void ort::Append(int) a == b was false. Reason
 *     `------------------- which node -------------------´ `--------- where in ONNX Runtime ---------´
 */
function reasonIn(message: string): string {
  const reason = message
    .replaceAll(/\s+/g, ' ')
    .replace(/^.* Status Message: /, '')
    .replace(/^Load model from .* failed:/, '')
    .replace(/^\S+\.(?:h|cc|cpp):\d+ (?:[^()]*\([^()]*\)(?: const)? |\w+ )/, '')
    .replace(/^.* was false\. /, '')
    .trim()
  return reason.length > LONGEST_REASON ? `${reason.slice(0, LONGEST_REASON)}…` : reason
}
