import { mkdir, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Connections, forEach } from './ask.ts'
import { type LogLine, ScaleServer } from './scale-server.ts'
import { WEIGHT_BYTES } from './scale-weights.ts'

const MODEL = `${fileURLToPath(new URL('models/scale-model.ts', import.meta.url))}:ScaleModel`
/** Callers that register side by side. */
const REGISTRARS = 32

/** The folders of one server: models that are registered, a repository, and the register. */
export class MeshFolder {
  readonly path: string

  private constructor(path: string) {
    this.path = path
  }

  static async make(): Promise<MeshFolder> {
    const folder = new MeshFolder(await mkdtemp(join(tmpdir(), 'millrace-scale-')))
    for (const name of ['repository', 'models', 'register']) await mkdir(join(folder.path, name))
    return folder
  }

  /** A folder of its own for each model, as storage has them. */
  async writeModels(names: readonly string[], place: 'models' | 'repository' = 'models'): Promise<void> {
    await forEach(names.length, REGISTRARS, async index => {
      const folder = join(this.path, place, names[index]!)
      await mkdir(folder, { recursive: true })
      const settings = { name: names[index], implementation: MODEL }
      await writeFile(join(folder, 'model-settings.json'), JSON.stringify(settings))
    })
  }

  /** A server that is a mesh with room for so many of these models. */
  startMesh(
    budgetModels: number,
    settings: Readonly<Record<string, string | number | boolean>> = {},
    onLine?: (line: LogLine) => void,
  ): Promise<ScaleServer> {
    return ScaleServer.start({
      folder: join(this.path, 'repository'),
      settings: {
        parallel_workers: 0,
        model_memory_budget: budgetModels * WEIGHT_BYTES,
        model_mesh_enabled: true,
        model_mesh_data_folder: join(this.path, 'register'),
        mesh_models_folder: join(this.path, 'models'),
        ...settings,
      },
      onLine,
    })
  }

  /** What the register takes on the disk. */
  async registerBytes(): Promise<number> {
    const folder = join(this.path, 'register')
    const sizes = (await readdir(folder)).map(async name => (await stat(join(folder, name))).size)
    return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0)
  }

  remove(): Promise<void> {
    return rm(this.path, { recursive: true, force: true, maxRetries: 5 })
  }
}

export function modelNames(count: number): readonly string[] {
  return Array.from({ length: count }, (_, index) => `model-${String(index).padStart(5, '0')}`)
}

/** Registers models whose folders have their names; resolves when all of it has been acknowledged. */
export async function register(port: number, names: readonly string[]): Promise<void> {
  const connections = new Connections(port, REGISTRARS)
  try {
    await forEach(names.length, REGISTRARS, async index => {
      const path = names[index]!
      await connections.json('PUT', `/v2/mesh/models/${path}`, { type: 'custom', path })
    })
  } finally {
    connections.close()
  }
}
