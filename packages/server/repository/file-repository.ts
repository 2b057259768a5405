import { constants } from 'node:fs'
import { access } from 'node:fs/promises'
import { basename, dirname, extname } from 'node:path'
import { ServingError } from '@millrace/sdk'
import type { Variables } from '../base/index.ts'
import type { ModelRepository, RepositoryContents } from './model-repository.ts'
import { modelVariables, readBareModelSettings } from './model-settings-file.ts'
import { recogniseModel } from './recognise-model.ts'

/**
 * A repository of one model: the file itself. It is named after the file, or after its folder if the file is called
 * `model`, and served by what its name and its beginning show.
 */
export function createFileRepository(path: string, environment: Variables): ModelRepository {
  const stem = basename(path, extname(path))
  const folder = dirname(path)
  const name = stem === 'model' ? basename(folder) || stem : stem

  const list = async (): Promise<RepositoryContents> => {
    try {
      const recognition = await recogniseModel(path)
      if (recognition === undefined) {
        await requireReadable(path)
        throw unknownFile(path)
      }
      const variables = [modelVariables(environment, 'environment')]
      const model = readBareModelSettings(folder, { name, version: undefined, recognition }, variables)
      return { found: [model], broken: [] }
    } catch (error) {
      return {
        found: [],
        broken: [{ path, name, error: ServingError.from(error, `${path} cannot be read`) }],
      }
    }
  }
  return {
    list,
    async find(wanted) {
      if (wanted !== name) return []
      const { found, broken } = await list()
      for (const { error } of broken) throw error
      return found
    },
  }
}

/** What cannot be read shows nothing, and has not been looked at. */
async function requireReadable(path: string): Promise<void> {
  try {
    await access(path, constants.R_OK)
  } catch (cause) {
    const problem = cause instanceof Error && 'code' in cause ? String(cause.code) : String(cause)
    throw new ServingError('FAILED_PRECONDITION', `${path} cannot be read: ${problem}`, { cause })
  }
}

function unknownFile(path: string): ServingError {
  return new ServingError(
    'INVALID_ARGUMENT',
    `${path} shows no model; a file is served alone if it ends in .onnx, .cbm, .joblib, .pkl or .pickle, or holds a model of ` +
      'XGBoost (.json, .ubj) or LightGBM (.txt, .bst). For others write a model-settings.json and name its folder',
  )
}
