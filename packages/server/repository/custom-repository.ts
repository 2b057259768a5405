import { stat } from 'node:fs/promises'
import { resolve } from 'node:path'
import { ServingError } from '@millrace/sdk'
import { type JsonObject, readDotenv, type Variables } from '../base/index.ts'
import { loadExport } from './implementation.ts'
import { looksLikePythonClass } from './implementation-text.ts'
import type { BrokenModel, ModelRepository, RepositoryContents } from './model-repository.ts'
import { modelVariables, readModelSettingsObject } from './model-settings-file.ts'
import type { ModelVersionSettings } from './model-version-settings.ts'

export interface CustomRepositoryOptions {
  /** `./repository.ts:MyRepository`, or a package's export. */
  readonly implementation: string
  /** Given to the constructor as `root`: a folder or a URI. */
  readonly root: string
  /** Given to the constructor beside `root`. */
  readonly args: JsonObject
  /** Variables count for what the objects leave out, as with settings files. */
  readonly environment: Variables
  readonly workingDirectory?: string | undefined
  /** How long one call may take. Default: a minute. */
  readonly callTimeoutMs?: number | undefined
}

const FIELD = 'model_repository_implementation'
const CALL_TIMEOUT_MS = 60_000

/** What an author's repository offers; `find` may answer with one object, with several, or with none. */
interface OwnRepository {
  list(): unknown
  find(name: string): unknown
}

/**
 * A repository of the operator's own: a class with `list()` and `find(name)`, which answer with objects like
 * `model-settings.json`, and `folder` beside for where paths begin. It is imported and constructed at the first call.
 */
export function createCustomRepository(options: CustomRepositoryOptions): ModelRepository {
  const { implementation, callTimeoutMs = CALL_TIMEOUT_MS } = options
  const workingDirectory = options.workingDirectory ?? process.cwd()
  let constructing: Promise<OwnRepository> | undefined

  const call = async (method: keyof OwnRepository, ...args: [string] | []): Promise<unknown> => {
    constructing ??= construct(options, workingDirectory)
    // A mistake that is mended is seen at the next call.
    constructing.catch(() => {
      constructing = undefined
    })
    const repository = await constructing
    const subject = `${FIELD} '${implementation}': ${method}(${args.map(arg => JSON.stringify(arg)).join('')})`
    const expired = AbortSignal.timeout(callTimeoutMs)
    try {
      return await Promise.race([Reflect.apply(repository[method], repository, args), abortOf(expired)])
    } catch (error) {
      if (error === expired.reason) {
        throw new ServingError('DEADLINE_EXCEEDED', `${subject} took longer than ${callTimeoutMs / 1000} s`)
      }
      if (ServingError.is(error)) throw error
      const text = error instanceof Error ? error.message : String(error)
      throw new ServingError('INTERNAL', `${subject} failed: ${text}`, { cause: error })
    }
  }

  const read = async (answer: readonly unknown[], method: string): Promise<RepositoryContents> => {
    const variables = [
      modelVariables(options.environment, 'environment'),
      modelVariables(await readDotenv(workingDirectory), '.env'),
    ]
    const found = new Map<string, ModelVersionSettings>()
    const broken: BrokenModel[] = []
    for (const [index, value] of answer.entries()) {
      const path = `${FIELD} '${implementation}', ${method}[${index}]`
      try {
        const settings = await toSettings(value, path)
        const key = JSON.stringify([settings.name, settings.version ?? null])
        if (found.has(key)) throw wrong(path, `model '${settings.name}' of this version is there already`)
        found.set(key, settings)
      } catch (error) {
        broken.push({ path, name: nameOf(value), error: ServingError.from(error, `${path} cannot be read`) })
      }
    }
    return { found: [...found.values()], broken }

    function toSettings(value: unknown, path: string): Promise<ModelVersionSettings> {
      const { folder, ...values } = plainObject(value, path)
      if (folder !== undefined && typeof folder !== 'string') {
        throw wrong(path, `folder is ${JSON.stringify(folder)}; allowed is a path`)
      }
      const base = resolve(workingDirectory, isUri(options.root) ? '' : options.root)
      const place = { path: resolve(base, folder ?? ''), isOwn: folder !== undefined }
      return readModelSettingsObject(values, path, place, variables)
    }
  }

  return {
    async list() {
      const answer = await call('list')
      if (Array.isArray(answer)) return read(answer, 'list()')
      throw wrong(`${FIELD} '${implementation}'`, 'list() must answer with a list of objects')
    },
    async find(name) {
      const answer = (await call('find', name)) ?? []
      const { found, broken } = await read(Array.isArray(answer) ? answer : [answer], 'find()')
      const [mistake] = broken
      if (mistake !== undefined) throw mistake.error
      const other = found.find(settings => settings.name !== name)
      if (other === undefined) return found
      throw wrong(
        `${FIELD} '${implementation}'`,
        `find(${JSON.stringify(name)}) answers with '${other.name}'`,
      )
    },
  }
}

async function construct(options: CustomRepositoryOptions, workingDirectory: string): Promise<OwnRepository> {
  const { implementation, root, args } = options
  const folder = await folderOf(options, workingDirectory)
  const settings = { name: '', implementation, folder, implementationOrigin: 'settings' }
  const { exported, fail } = await loadExport(settings, FIELD).catch((error: unknown) => {
    if (!looksLikePythonClass(implementation)) throw error
    const problem = 'is a Python class; a repository is written as ./repository.ts:MyRepository'
    throw new ServingError('UNIMPLEMENTED', `${FIELD} '${implementation}' ${problem}`, { cause: error })
  })
  if (typeof exported !== 'function') throw fail('INVALID_ARGUMENT', 'the export is no class')
  let repository: unknown
  try {
    // `root` is last: args must not take its place.
    repository = Reflect.construct(exported, [{ ...args, root }])
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error)
    throw fail('INTERNAL', `its constructor failed: ${text}`, error)
  }
  for (const method of ['list', 'find']) {
    if (typeof repository === 'object' && repository !== null) {
      if (typeof Reflect.get(repository, method) === 'function') continue
    }
    throw fail('INVALID_ARGUMENT', `it has no method ${method}()`)
  }
  return repository as OwnRepository
}

/** A path begins in the repository, if the file is there, else in the working directory. */
async function folderOf(options: CustomRepositoryOptions, workingDirectory: string): Promise<string> {
  const { root, implementation } = options
  if (isUri(root)) return workingDirectory
  const folder = resolve(workingDirectory, root)
  const path = resolve(folder, implementation.replace(/:[^:/]*$/, ''))
  const found = await stat(path).catch(() => undefined)
  return found?.isFile() === true ? folder : workingDirectory
}

function isUri(root: string): boolean {
  return /^[a-z][a-z\d+.-]+:\/\//i.test(root)
}

/** What JSON can hold of an object: the settings are checked as if they stood in a file. */
function plainObject(value: unknown, path: string): JsonObject {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    try {
      return JSON.parse(JSON.stringify(value)) as JsonObject
    } catch (cause) {
      throw new ServingError('INVALID_ARGUMENT', `${path} cannot be written as JSON`, { cause })
    }
  }
  throw wrong(path, 'it must be an object like model-settings.json')
}

function nameOf(value: unknown): string {
  if (typeof value !== 'object' || value === null || !('name' in value)) return ''
  return typeof value.name === 'string' ? value.name : ''
}

function wrong(subject: string, problem: string): ServingError {
  return new ServingError('INVALID_ARGUMENT', `${subject}: ${problem}`)
}

function abortOf(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
}
