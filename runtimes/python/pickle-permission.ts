import { type ModelSettings, ServingError } from '@millrace/sdk'
import type { FindPickle } from './pickled-files.ts'

/**
 * Refuses a model that is, or holds, a pickle, unless the operator has allowed pickles. Asked before a process is
 * started for the model.
 * @throws ServingError FAILED_PRECONDITION that names the file, says why, and what to do instead
 */
export async function requirePicklePermission(
  settings: ModelSettings,
  findPickle: FindPickle,
): Promise<void> {
  if (settings.allowsPickle === true) return
  const file = await findPickle(settings)
  if (file === undefined) return
  const what = /(?:MLmodel|config\.toml)$/.test(file)
    ? `${file} says how the model is opened, in a way that may read pickles or run code`
    : `${file} is a pickle`
  throw new ServingError(
    'FAILED_PRECONDITION',
    `${what}. A pickle runs whatever code it holds when it is opened. If you trust its maker as you trust code, allow it with ` +
      `the server setting allow_pickle, with MILLRACE_ALLOW_PICKLE=true, or with --allow-pickle. ` +
      `Otherwise have its maker export the model to ONNX, and serve that with @millrace/onnx`,
  )
}
