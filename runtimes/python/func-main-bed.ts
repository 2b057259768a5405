import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import type { ModelSettings } from '@millrace/sdk'
import { loadForTest, type TestedModel } from '@millrace/sdk/testing'
import { FuncMainModel } from './func-main-model.ts'
import { PYTHON } from './python-bed.ts'

export interface FuncMainOptions extends Partial<Pick<ModelSettings, 'inputs' | 'outputs'>> {
  readonly extra?: Readonly<Record<string, unknown>>
}

/** Writes files into a folder of its own and loads the function in there; a source alone is `files/src/func_main.py`. */
export async function openFuncMain(
  files: string | Readonly<Record<string, string>>,
  { extra = {}, inputs = [], outputs = [] }: FuncMainOptions = {},
): Promise<AsyncDisposable & { readonly model: TestedModel; readonly folder: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-func-main-'))
  const remove = (): Promise<void> => rm(folder, { recursive: true })
  const all = typeof files === 'string' ? { 'files/src/func_main.py': files } : files
  for (const [name, text] of Object.entries(all)) {
    await mkdir(dirname(join(folder, name)), { recursive: true })
    await writeFile(join(folder, name), text)
  }
  const python = PYTHON === undefined ? {} : { python: PYTHON }
  try {
    const settings = { folder, uri: folder, inputs, outputs, extra: { ...python, ...extra } }
    const model = await loadForTest(FuncMainModel, { settings })
    return {
      model,
      folder,
      async [Symbol.asyncDispose]() {
        await model.unload()
        await remove()
      },
    }
  } catch (error) {
    await remove()
    throw error
  }
}
