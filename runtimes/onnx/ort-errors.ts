import { formatShape, ServingError, type Tensor } from '@millrace/sdk'
import type { InferenceSession } from 'onnxruntime-node'
import { bundledProviders } from './execution-providers.ts'

const LONGEST_REASON = 300

/** Words by which operators complain of extents; ONNX Runtime's errors have no code that would tell. */
const ABOUT_SHAPES = /shape|dimension|\bdims?\b|\brank\b|broadcast|\bchannels?\b|\bfeatures?\b/i

/** What to throw when ONNX Runtime could not load a file; what already says what is wrong stays as it is. */
export function loadError(
  cause: unknown,
  file: string,
  providers: readonly InferenceSession.ExecutionProviderConfig[] = [],
): ServingError {
  if (ServingError.is(cause)) return cause
  const names = providers.map(provider => (typeof provider === 'string' ? provider : provider.name))
  const isOnCpu = names.every(name => name === 'cpu')
  const bundled = bundledProviders()
    .map(name => `"${name}"`)
    .join(', ')
  const advice = isOnCpu
    ? ''
    : ` (execution_providers are ${JSON.stringify(names)}; this installation brings the libraries for ${bundled})`
  return new ServingError(
    'FAILED_PRECONDITION',
    `ONNX Runtime cannot load '${file}': ${reasonIn(messageOf(cause))}${advice}`,
    { cause },
  )
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
  const told = message
    .replaceAll(/\s+/g, ' ')
    .replace(/^.* Status Message: /, '')
    .replace(/^Load model from .* failed:/, '')
    .replace(/^Exception during initialization: /, '')
    .trim()
  const reason = withoutPlace(told)
  const said = /^.* was false\. (.+)$/.exec(reason)?.[1] ?? reason
  return said.length > LONGEST_REASON ? `${said.slice(0, LONGEST_REASON)}…` : said
}

/** Leaves out the file, line and function that a text begins with; the function may come with types of templates. */
function withoutPlace(text: string): string {
  const place = /^\S+\.(?:h|cc|cpp):\d+ /.exec(text)
  if (place === null) return text
  const rest = text.slice(place[0].length)
  const signature = /^[^(]*::[^(]*\(/.exec(rest)
  if (signature === null) return rest.replace(/^\w+ /, '')
  let end = closing(rest, signature[0].length - 1)
  if (rest.startsWith(' const', end)) end += ' const'.length
  if (rest.startsWith(' [with ', end)) end = closing(rest, end + 1)
  return rest.slice(end).trim()
}

/** Behind the bracket that closes the one at `start`; the end of a text that does not. */
function closing(text: string, start: number): number {
  let depth = 0
  for (let index = start; index < text.length; index++) {
    if ('(['.includes(text[index]!)) depth++
    else if (')]'.includes(text[index]!) && --depth === 0) return index + 1
  }
  return text.length
}
