import type { ServingError } from '@millrace/sdk'
import type { ModelVersionSettings } from './model-version-settings.ts'

/** Something in a repository that should describe a model and does not. */
export interface BrokenModel {
  /** The file or folder; `environment` for a model that variables describe. */
  readonly path: string
  /** The model's name as far as it can be told: from the file, else its folder's. */
  readonly name: string
  readonly error: ServingError
}

export interface RepositoryContents {
  /** Every usable model version, in a fixed order. */
  readonly found: readonly ModelVersionSettings[]
  readonly broken: readonly BrokenModel[]
  /** Names of models that are loaded when somebody asks for them, and not with all others; none if undefined. */
  readonly onDemand?: readonly string[]
}

/** Where models come from. Each call looks anew. */
export interface ModelRepository {
  list(): Promise<RepositoryContents>
  /**
   * Every version of one model; none if the name is not known.
   * @param signal ends what has to be fetched first
   * @throws ServingError the first mistake in what describes this model: an explicit load must not
   * pass over a version in silence, and must not take a version for deleted whose file is broken
   */
  find(name: string, signal?: AbortSignal): Promise<readonly ModelVersionSettings[]>
}
