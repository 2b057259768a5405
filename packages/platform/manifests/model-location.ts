/** A model's place in words of ModelMesh: a path, and what is to be known about the storage. */
export interface ModelLocation {
  readonly path: string
  /** `type`, and what tells its bucket or host. */
  readonly parameters: Readonly<Record<string, string>>
}

/** Schemes of `storageUri` that ModelMesh reads. */
export const URI_FORMS =
  's3://BUCKET/PATH, gs://BUCKET/PATH, pvc://CLAIM/PATH, http(s)://HOST/PATH, https://ACCOUNT.blob.core.windows.net/CONTAINER/PATH'

/** What a `storageUri` says, as ModelMesh's controller reads it; `undefined` for a form that it does not know. */
export function readStorageUri(uri: string): ModelLocation | undefined {
  if (!URL.canParse(uri)) return undefined
  const { protocol, hostname, host, pathname, search } = new URL(uri)
  const path = decodeURIComponentOrNothing(pathname.replace(/^\/+/, ''))
  if (path === undefined || hostname === '') return undefined
  switch (protocol) {
    case 's3:':
      return { path, parameters: { type: 's3', bucket: hostname } }
    case 'gs:':
      return { path, parameters: { type: 'gcs', bucket: hostname } }
    case 'pvc:':
      return { path, parameters: { type: 'pvc', name: hostname } }
    case 'http:':
    case 'https:': {
      const account = /^([^.]+)\.blob\.core\.windows\.net$/.exec(hostname)?.[1]
      if (protocol === 'http:' || account === undefined) {
        return { path: path + search, parameters: { type: 'http', url: `${protocol}//${host}` } }
      }
      const [container, ...rest] = path.split('/')
      if (container === undefined || container === '' || rest.length === 0) return undefined
      return { path: rest.join('/'), parameters: { type: 'azure', account_name: account, container } }
    }
    default:
      return undefined
  }
}

function decodeURIComponentOrNothing(text: string): string | undefined {
  try {
    return decodeURIComponent(text)
  } catch {
    return undefined
  }
}
