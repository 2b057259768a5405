import { join } from 'node:path'
import { ServingError } from '@millrace/sdk'
import { type JsonObject, readJsonObject } from '../base/index.ts'
import type { MeshModelKey } from './mesh-model-key.ts'
import { pathInside } from './sources/remote-uri.ts'
import type { StorageAccess } from './sources/storage-access.ts'

/** What a model's key says about where it is stored. */
export type StorageWish = Pick<MeshModelKey, 'storageKey' | 'storageParams' | 'bucket'>

export interface StorageOptions {
  /** Holds one JSON file for each storage, named like its key. */
  readonly configFolder: string
  /** Holds one folder for each volume claim. */
  readonly claimsFolder: string
}

/** A storage that models can be brought from. */
export interface Storage {
  /** A local path, or a URI that is downloaded; `path` stays below the storage's own place. */
  locate(path: string, subject: string): string
  /** Undefined for what is on this machine. */
  readonly access: StorageAccess | undefined
}

/** Whether the key names a storage, as it does before the puller has rewritten it. */
export function namesStorage({ storageKey, storageParams, bucket }: StorageWish): boolean {
  return storageKey !== undefined || storageParams !== undefined || bucket !== undefined
}

/**
 * The storage that a key names, with the parameters of the key over those of the configuration. Its file is read anew each
 * time, because secrets change under way. Undefined if the key names none and there is no default.
 * @throws ServingError FAILED_PRECONDITION for a storage that is not configured, INVALID_ARGUMENT for one that is wrong,
 * UNIMPLEMENTED for a kind that nothing here fetches from
 */
export async function findStorage(
  wish: StorageWish,
  options: StorageOptions,
  subject: string,
): Promise<Storage | undefined> {
  const configured = await readConfigured(wish, options.configFolder, subject)
  if (configured === undefined && !namesStorage(wish)) return undefined
  const params = merge(configured ?? {}, wish, subject)
  return toStorage(params, options, subject)
}

async function readConfigured(
  { storageKey, storageParams }: StorageWish,
  folder: string,
  subject: string,
): Promise<JsonObject | undefined> {
  if (storageKey !== undefined) {
    // Kubernetes keeps the files of a secret in folders that begin with two dots.
    if (!/^[\w.-]{1,253}$/.test(storageKey) || storageKey.startsWith('..') || storageKey === '.') {
      throw invalid(
        `${subject}: storage_key is ${JSON.stringify(storageKey)}; allowed are letters, digits, '-', '_' and '.'`,
      )
    }
    const found = await readJsonObject(join(folder, storageKey))
    if (found !== undefined) return found
    throw new ServingError(
      'FAILED_PRECONDITION',
      `${subject}: Did not find storage config for key ${storageKey}; no such file is in ${folder}`,
    )
  }
  const type = storageParams?.['type']
  const specific =
    typeof type === 'string' && /^\w{1,64}$/.test(type)
      ? await readJsonObject(join(folder, `default_${type}`))
      : undefined
  return specific ?? (type === undefined ? readJsonObject(join(folder, 'default')) : undefined)
}

/** Parameters replace what the configuration has; a dot in their name leads into an object, as in `headers.accept`. */
function merge(configured: JsonObject, { storageParams = {}, bucket }: StorageWish, subject: string): Params {
  const params = new Params(subject)
  for (const [name, value] of Object.entries(configured)) {
    if (typeof value !== 'object' || value === null) params.set(name, value)
    else for (const [inner, text] of Object.entries(value)) params.set(`${name}.${inner}`, text)
  }
  // Older clients name the bucket beside the parameters; it must not make a store of what is none.
  if (bucket !== undefined && params.text('bucket') !== undefined) params.set('bucket', bucket)
  for (const [name, value] of Object.entries(storageParams)) {
    if (typeof value !== 'string') {
      throw invalid(`${subject}: storage_params: ${JSON.stringify(name)} must be a text`)
    }
    params.set(name, value)
  }
  return params
}

/** Texts by their dotted names; what an author of a configuration leaves empty is not there. */
class Params {
  readonly #values = new Map<string, unknown>()
  readonly #subject: string

  constructor(subject: string) {
    this.#subject = subject
  }

  set(name: string, value: unknown): void {
    this.#values.set(name, value)
  }

  text(name: string): string | undefined {
    const value = this.#values.get(name)
    if (value === undefined || value === null || value === '') return undefined
    if (typeof value === 'string') return value
    throw invalid(`${this.#subject}: ${name} of the storage must be a text`)
  }

  /** What is required of a kind of storage. */
  need(name: string, type: string): string {
    const value = this.text(name)
    if (value !== undefined) return value
    throw invalid(`${this.#subject}: a storage of type ${type} needs ${name}`)
  }

  below(prefix: string): Readonly<Record<string, string>> {
    const names = [...this.#values.keys()].filter(name => name.startsWith(`${prefix}.`))
    return Object.fromEntries(
      names.map(name => [name.slice(prefix.length + 1).toLowerCase(), this.text(name) ?? '']),
    )
  }
}

function toStorage(params: Params, options: StorageOptions, subject: string): Storage {
  const type = params.text('type')
  if (type === 's3') return s3Storage(params, subject)
  if (type === 'http') return httpStorage(params, subject)
  if (type === 'pvc') return claimStorage(params, options, subject)
  if (type === 'gcs' || type === 'azure') {
    const way = type === 'gcs' ? 'the S3 interface of Google Cloud Storage with HMAC keys' : 'an https: URL'
    throw new ServingError(
      'UNIMPLEMENTED',
      `${subject}: models are not fetched from storages of type ${type} here; let the puller do that (storageHelper), or use ${way}`,
    )
  }
  const found = type === undefined ? 'has no type' : `is of type ${JSON.stringify(type.slice(0, 64))}`
  throw invalid(`${subject}: the storage ${found}; allowed are s3, http and pvc`)
}

function s3Storage(params: Params, subject: string): Storage {
  const bucket = params.text('bucket') ?? params.text('default_bucket') ?? params.need('bucket', 's3')
  if (!/^[\w.-]{1,255}$/.test(bucket)) {
    throw invalid(
      `${subject}: bucket of the storage is ${JSON.stringify(bucket.slice(0, 64))}, which is no name of one`,
    )
  }
  const accessKeyId = params.text('access_key_id')
  const secretAccessKey = params.text('secret_access_key')
  if ((accessKeyId === undefined) !== (secretAccessKey === undefined)) {
    throw invalid(`${subject}: the storage needs both access_key_id and secret_access_key, or neither`)
  }
  return {
    locate: path => `s3://${bucket}/${pathInside(path.replace(/^\/+/, ''), subject)}`,
    access: {
      type: 's3',
      endpoint: params.text('endpoint_url'),
      region: params.text('region'),
      credentials:
        accessKeyId === undefined || secretAccessKey === undefined
          ? undefined
          : { accessKeyId, secretAccessKey },
      certificate: params.text('certificate'),
    },
  }
}

function httpStorage(params: Params, subject: string): Storage {
  const base = params.need('url', 'http')
  const url = URL.parse(base)
  if (url === null || (url.protocol !== 'http:' && url.protocol !== 'https:')) {
    throw invalid(`${subject}: url of the storage must begin with https:// or http://`)
  }
  for (const name of ['certificate', 'client_certificate', 'client_key']) {
    if (params.text(name) === undefined) continue
    throw new ServingError(
      'UNIMPLEMENTED',
      `${subject}: ${name} of a storage of type http is not supported; name an authority of your own in NODE_EXTRA_CA_CERTS`,
    )
  }
  return {
    locate(path) {
      const inside = pathInside(path.replace(/^\/+/, ''), subject)
      const target = new URL(url)
      const encoded = inside.split('/').map(encodeURIComponent).join('/')
      target.pathname = `${url.pathname.replace(/\/+$/, '')}/${encoded}`
      return target.href
    },
    access: { type: 'http', headers: params.below('headers') },
  }
}

function claimStorage(params: Params, { claimsFolder }: StorageOptions, subject: string): Storage {
  const name = params.need('name', 'pvc')
  if (!/^[a-z\d](?:[a-z\d.-]{0,251}[a-z\d])?$/.test(name)) {
    throw invalid(
      `${subject}: name of the storage is ${JSON.stringify(name.slice(0, 64))}, which is no volume claim`,
    )
  }
  return {
    locate: path => join(claimsFolder, name, pathInside(path.replace(/^\/+/, ''), subject)),
    access: undefined,
  }
}

function invalid(message: string): ServingError {
  return new ServingError('INVALID_ARGUMENT', message)
}
