import { ServingError } from '@millrace/sdk'
import type { JsonObject, Variables } from '../base/index.ts'
import type { BrokenModel, ModelRepository, RepositoryContents } from './model-repository.ts'
import { modelVariables, readModelSettingsObject } from './model-settings-file.ts'
import type { ModelVersionSettings } from './model-version-settings.ts'

/** A model that no settings file describes. */
export interface DescribedModel {
  /** What `model-settings.json` would hold. */
  readonly values: JsonObject
  /** Absolute path of the model's folder: where its paths begin, and where its files are. */
  readonly folder: string
}

/** A repository of models that a program describes. Variables count for what it leaves out, as with files. */
export function createDescribedRepository(
  models: readonly DescribedModel[],
  environment: Variables,
): ModelRepository {
  const list = async (): Promise<RepositoryContents> => {
    const variables = [modelVariables(environment, 'environment')]
    const found: ModelVersionSettings[] = []
    const broken: BrokenModel[] = []
    for (const { values, folder } of models) {
      const place = { path: folder, isOwn: true }
      try {
        found.push(await readModelSettingsObject(values, folder, place, variables))
      } catch (error) {
        const name = typeof values['name'] === 'string' ? values['name'] : ''
        broken.push({ path: folder, name, error: ServingError.from(error, `${folder} cannot be read`) })
      }
    }
    return { found, broken }
  }
  return {
    list,
    async find(name) {
      const { found, broken } = await list()
      const mistake = broken.find(model => model.name === name)
      if (mistake !== undefined) throw mistake.error
      return found.filter(settings => settings.name === name)
    },
  }
}
