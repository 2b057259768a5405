import { realpathSync, statSync } from 'node:fs'
import { dirname, isAbsolute, relative, resolve } from 'node:path'
import type { ModelBytes } from './model-bytes.ts'
import { checkSize, describeTensor, type TensorHead } from './tensor-head.ts'

/**
 * Checks where a tensor's elements lie if not in the model file: in a file that is there, in the model's folder or below
 * it, with as many bytes as the tensor says. Symbolic links may be used as long as they lead to where the model itself
 * lies: volumes of Kubernetes and caches of model hubs are made of them.
 * @throws ServingError FAILED_PRECONDITION naming model, tensor and location
 */
export function checkExternal(
  bytes: ModelBytes,
  head: TensorHead,
  external: ReadonlyMap<string, string>,
  place: string,
): void {
  const location = external.get('location') ?? ''
  const fail = (what: string): Error =>
    bytes.damaged(head.field.start, place, `${describeTensor(head)} lies in '${location}', ${what}`)
  const folder = dirname(bytes.path)
  const path = resolve(folder, location)
  if (location === '' || location.includes('\0') || isAbsolute(location) || !isInside(path, folder))
    throw fail("which is no path inside the model's folder")
  const found = statSync(path, { throwIfNoEntry: false })
  if (found?.isFile() !== true) throw fail("and there is no such file in the model's folder")
  const real = realpathSync(path)
  const homes = [realpathSync(folder), dirname(realpathSync(bytes.path))]
  if (!homes.some(home => isInside(real, home))) throw fail("which leads out of the model's folder")

  const offset = readCount(external.get('offset')) ?? 0
  const length = readCount(external.get('length')) ?? found.size - offset
  if (Number.isNaN(offset) || Number.isNaN(length) || length < 0 || offset + length > found.size) {
    const wanted = `offset ${external.get('offset') ?? '0'}, length ${external.get('length') ?? 'to its end'}`
    throw fail(`a file of ${found.size} bytes, at ${wanted}`)
  }
  checkSize(bytes, head, length, place)
}

/** NaN for what is no count. */
function readCount(text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  return /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN
}

function isInside(path: string, folder: string): boolean {
  const way = relative(folder, path)
  return way !== '' && way !== '..' && !/^\.\.[/\\]/.test(way) && !isAbsolute(way)
}
