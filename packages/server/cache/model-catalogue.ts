import type { ModelRepository, ModelVersionSettings } from '../repository/index.ts'

/** A repository that is looked through once, so that a model out of thousands is found without a look at the others. */
export interface ModelCatalogue extends ModelRepository {
  /** Models of the latest list, those included whose settings cannot be read. */
  readonly size: number
  knows(name: string): boolean
  /** Looks anew at what the repository says of one model, and remembers that. */
  refresh(name: string): Promise<void>
}

/** `list` looks through the repository; `find` answers from that, and looks itself only for what could not be read then. */
export function createModelCatalogue(repository: ModelRepository): ModelCatalogue {
  /** Without versions: its settings could not be read. */
  let models = new Map<string, readonly ModelVersionSettings[]>()
  return {
    get size() {
      return models.size
    },
    knows: name => models.has(name),
    async list() {
      const contents = await repository.list()
      const next = new Map<string, ModelVersionSettings[]>()
      for (const settings of contents.found) {
        const versions = next.get(settings.name)
        if (versions === undefined) next.set(settings.name, [settings])
        else versions.push(settings)
      }
      // Nobody shall take a version for deleted whose settings are broken.
      for (const { name } of contents.broken) next.set(name, [])
      models = next
      return contents
    },
    async find(name, signal) {
      const found = models.get(name)
      return found === undefined || found.length > 0 ? (found ?? []) : repository.find(name, signal)
    },
    async refresh(name) {
      const found = await repository.find(name)
      if (found.length > 0) models.set(name, found)
      else models.delete(name)
    },
  }
}
