import { readFile } from 'node:fs/promises'
import { isAbsolute, join, posix } from 'node:path'
import {
  kserveRuntime,
  type Manifest,
  type ModelFormat,
  modelMeshRuntime,
  type RuntimeOptions,
  requireValid,
  writeManifest,
} from '../../manifests/index.ts'
import { CommandFailure } from '../command-failure.ts'
import { EXIT } from '../exit-codes.ts'
import type { RequestAndLimit } from './manifest-flags.ts'

export interface ServingRuntimeFlags {
  readonly image: string
  readonly format?: readonly ModelFormat[]
  readonly name?: string
  readonly namespace?: string
  readonly cluster?: true
  readonly autoSelect: boolean
  readonly adapter: boolean
  readonly sockets?: string
  readonly storageHelper: boolean
  readonly kserve?: true
  readonly protocol?: 'v2' | 'grpc-v2'
  readonly workdir?: string
  readonly command?: string
  readonly env?: Readonly<Record<string, string>>
  readonly cpu?: RequestAndLimit
  readonly memory?: RequestAndLimit
  readonly memoryBuffer?: number
  readonly loadTimeout?: number
  readonly maxLoads?: number
  readonly replicas?: number
  readonly debug?: true
  readonly output: 'yaml' | 'json'
}

const MIB = 2 ** 20

export async function runServingRuntime(folder: string, flags: ServingRuntimeFlags): Promise<void> {
  refuseContradictions(flags)
  const settings = await readSettings(folder)
  const manifest = manifestOf(settings, flags)
  requireValid(manifest)
  process.stdout.write(writeManifest(manifest, flags.output))
}

function manifestOf(settings: RuntimeSettings, flags: ServingRuntimeFlags): Manifest {
  const { cpu = { request: '500m', limit: '5' }, memory = { request: '1Gi', limit: '1Gi' } } = flags
  const workdir = flags.workdir ?? '/model'
  const isOwnFile = /^\.{0,2}\//.test(settings.implementation ?? '')
  const options: RuntimeOptions = {
    name: flags.name ?? settings.name.toLowerCase().replaceAll(/[^a-z0-9-]+/g, '-'),
    namespace: flags.namespace,
    isForCluster: flags.cluster === true,
    image: flags.image,
    formats: formatsOf(settings, flags),
    // A relative path would be taken from the folder of each model.
    implementation: isOwnFile ? posix.join(workdir, settings.implementation!) : settings.implementation,
    command:
      flags.command?.trim().split(/\s+/) ??
      (isOwnFile ? serveCommand(workdir, modelsFolderOf(flags)) : undefined),
    environment: Object.entries(flags.env ?? {}).map(([name, value]) => ({ name, value })),
    resources: {
      cpuRequest: cpu.request,
      cpuLimit: cpu.limit,
      memoryRequest: memory.request,
      memoryLimit: memory.limit,
    },
    isDebugging: flags.debug === true,
    replicas: flags.replicas,
    loadingConcurrency: flags.maxLoads,
  }
  if (flags.kserve === true) return kserveRuntime({ ...options, protocol: flags.protocol ?? 'v2' })
  return modelMeshRuntime({
    ...options,
    usesAdapter: flags.adapter,
    socketFolder: flags.sockets,
    usesStorageHelper: flags.storageHelper,
    memoryBufferBytes: flags.memoryBuffer ?? 128 * MIB,
    loadingTimeoutMs: Math.round((flags.loadTimeout ?? 90) * 1000),
  })
}

/** By its path, as an image's own entry point may not know the command. */
function serveCommand(workdir: string, modelsFolder: string): readonly string[] {
  return [posix.join(workdir, 'node_modules/.bin/millrace'), 'serve', modelsFolder]
}

function modelsFolderOf({ kserve, adapter }: ServingRuntimeFlags): string {
  if (kserve === true) return '/mnt/models'
  return adapter ? '/models/_mlserver_models/' : '/models'
}

function formatsOf(
  { platform, versions, file }: RuntimeSettings,
  flags: ServingRuntimeFlags,
): readonly ModelFormat[] {
  const named =
    flags.format ??
    (platform === undefined
      ? []
      : versions.length === 0
        ? [{ name: platform }]
        : versions.map(version => ({ name: platform, version })))
  if (named.length === 0) {
    throw new CommandFailure(
      `say which format of models it serves, for example --format my-format:1, or set platform in ${file}`,
      EXIT.usage,
    )
  }
  return named.map(format => ({ ...format, autoSelect: flags.autoSelect }))
}

function refuse(flag: string, rule: string): never {
  throw new CommandFailure(`${flag} ${rule}`, EXIT.usage)
}

/** Each of these would be written and mean nothing. */
function refuseContradictions(flags: ServingRuntimeFlags): void {
  const isMesh = flags.kserve !== true
  if (!isMesh && !flags.adapter) refuse('--no-adapter', 'is for ModelMesh; it cannot be given with --kserve')
  if (isMesh && flags.protocol !== undefined)
    refuse('--protocol', 'is for --kserve; ModelMesh speaks grpc-v2')
  if (isMesh && !flags.autoSelect) {
    refuse(
      '--no-auto-select',
      'is for --kserve; ModelMesh places models only on runtimes that select their format',
    )
  }
  if (!isMesh && flags.memoryBuffer !== undefined) refuse('--memory-buffer', 'is for ModelMesh')
  if (!isMesh && flags.loadTimeout !== undefined) refuse('--load-timeout', 'is for ModelMesh')
  if (!isMesh && flags.maxLoads !== undefined) refuse('--max-loads', 'is for ModelMesh')
  if ((flags.adapter || !isMesh) && flags.sockets !== undefined) refuse('--sockets', 'needs --no-adapter')
  if ((flags.adapter || !isMesh) && !flags.storageHelper) refuse('--no-storage-helper', 'needs --no-adapter')
  for (const [flag, path] of [
    ['--sockets', flags.sockets],
    ['--workdir', flags.workdir],
  ] as const) {
    if (path !== undefined && !isAbsolute(path))
      refuse(flag, `is '${path}'; it must be an absolute path in the container`)
  }
}

interface RuntimeSettings {
  readonly file: string
  readonly name: string
  readonly implementation: string | undefined
  readonly platform: string | undefined
  readonly versions: readonly string[]
}

async function readSettings(folder: string): Promise<RuntimeSettings> {
  const file = join(folder, 'model-settings.json')
  const fail = (problem: string) => new CommandFailure(`${file}: ${problem}`, EXIT.configuration)
  let settings: unknown
  try {
    settings = JSON.parse(await readFile(file, 'utf8'))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') {
      throw fail('there is no such file; name the folder of a runtime, such as millrace init makes one')
    }
    throw fail(error instanceof Error ? error.message : String(error))
  }
  if (typeof settings !== 'object' || settings === null) throw fail('it must hold a JSON object')
  const text = (name: string): string | undefined => {
    const value = (settings as Record<string, unknown>)[name]
    if (value === undefined || value === null || value === '') return undefined
    if (typeof value !== 'string') throw fail(`${name} is ${JSON.stringify(value)}; it must be a text`)
    return value
  }
  const name = text('name')
  if (name === undefined) throw fail('name is missing')
  const { versions = [] } = settings as { versions?: unknown }
  if (!Array.isArray(versions) || !versions.every(version => typeof version === 'string')) {
    throw fail('versions must be a list of texts')
  }
  return { file, name, implementation: text('implementation'), platform: text('platform'), versions }
}
