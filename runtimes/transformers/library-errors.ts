import { join } from 'node:path'
import { ModelFileNotFoundError } from '@huggingface/transformers'
import { ServingError } from '@millrace/sdk'
import { findSubfolder, listOf } from './model-folder.ts'
import type { TransformersSettings } from './transformers-settings.ts'

const LONGEST_REASON = 300

/** What the library and ONNX Runtime say when a request is to blame. */
const ABOUT_REQUESTS =
  /^Mask token|shape|dimension|\brank\b|broadcast|out of (?:data )?bounds|must be within|Input must be a string|chat[ _]template|language code|Pooling method|precision|aggregation_strategy|temperature|No pooled output|must also be an array|same length|must be non-empty/i

/** What to throw when a model could not be loaded. */
export async function loadError(
  cause: unknown,
  place: string,
  { dtype, subfolder }: TransformersSettings,
): Promise<ServingError> {
  if (ServingError.is(cause)) return cause
  const failed = (problem: string): ServingError =>
    new ServingError('FAILED_PRECONDITION', `'${place}' cannot be loaded: ${problem}`, { cause })
  const reason = reasonIn(cause)
  if (!(cause instanceof ModelFileNotFoundError)) return failed(reason)
  const missing = /at "([^"]+)"/.exec(reason)?.[1]
  if (missing === undefined) return failed(reason)
  const folder = join(place, subfolder ?? (await findSubfolder(place)))
  const hint = missing.endsWith('.onnx')
    ? ` (dtype is ${dtype}; '${folder}' holds ${await listOf(folder)})`
    : ''
  return failed(`'${missing}' is missing${hint}`)
}

/**
 * What to throw when a pipeline failed: INVALID_ARGUMENT where the request is to blame, which many find out only while
 * they run; INTERNAL otherwise.
 */
export function runError(cause: unknown): ServingError {
  if (ServingError.is(cause)) return cause
  const reason = reasonIn(cause)
  if (!ABOUT_REQUESTS.test(reason)) return new ServingError('INTERNAL', 'the pipeline failed', { cause })
  return new ServingError('INVALID_ARGUMENT', `the pipeline cannot answer this request: ${reason}`, { cause })
}

/** The part of a message that means something to a user. */
function reasonIn(cause: unknown): string {
  const message = cause instanceof Error ? cause.message : String(cause)
  const reason = message
    .replaceAll(/\s+/g, ' ')
    .replace(/^.* Status Message: /, '')
    .replace(/^Load model from .* failed:/, '')
    .replace(/^\S+\.(?:h|cc|cpp):\d+ \S+ (?:[^()]*\([^()]*\)(?: const)? )?/, '')
    .trim()
  return reason.length > LONGEST_REASON ? `${reason.slice(0, LONGEST_REASON)}…` : reason
}
