import assert from 'node:assert/strict'
import { archiveOf } from './archive.ts'
import { type EventStream, openEvents } from './event-stream.ts'

/** What an HTTP call was answered with. */
export interface Answer {
  readonly status: number
  readonly text: string
  /** Read from the text when it is asked for. */
  readonly json: unknown
  readonly headers: Headers
}

export interface VersionView {
  readonly id: number
  readonly modelVersion: number
  readonly model: { readonly id: number; readonly name: string }
  readonly status: string
  readonly [key: string]: unknown
}

export interface ServableView {
  readonly fullName: string
  readonly status: string
  readonly statusMessage: string | null
  readonly [key: string]: unknown
}

export interface ApplicationView {
  readonly id: number
  readonly name: string
  readonly status: string
  readonly message: string | null
  readonly executionGraph: {
    readonly stages: readonly {
      readonly modelVariants: readonly {
        readonly modelVersionId: number
        readonly servableName: string | null
        readonly weight: number
      }[]
    }[]
  }
  readonly [key: string]: unknown
}

export interface Upload {
  readonly name: string
  readonly files: Readonly<Record<string, string | Uint8Array>>
  /** Default: `SCALE_SIGNATURE`. `null` leaves it out. */
  readonly signature?: object | null
  /** `name:tag`. Default: the built-in one. */
  readonly runtime?: string
  /** More of the metadata. */
  readonly more?: object
}

export type Variant = readonly [versionId: number, weight: number]

export const BUILT_IN = 'hydrosphere/serving-runtime-python-3.7:3.0.3'

export function field(name: string, dtype: string, dims: readonly number[] | null, profile = 'NUMERICAL') {
  return { name, dtype: `DT_${dtype}`, shape: dims === null ? null : { dims }, profile }
}

/** The model of the specification's examples: a list of pairs of numbers in, their sum out. */
export const SCALE_SIGNATURE = {
  signatureName: 'scale',
  inputs: [field('xs', 'DOUBLE', [-1, 2])],
  outputs: [field('total', 'DOUBLE', [])],
}

export const SCALE_CODE = `export function scale({ xs }) {
  return { total: { shape: [], data: [xs.data.reduce((sum, x) => sum + x, 0)] } }
}
`

/** The control plane over HTTP, as any program asks it. */
export interface ManagerCalls {
  readonly call: (method: string, path: string, body?: unknown) => Promise<Answer>
  /** The JSON of a 200. Rejects with what else was answered. */
  readonly ok: <T>(method: string, path: string, body?: unknown) => Promise<T>
  readonly upload: (upload: Upload) => Promise<Answer>
  /** Uploads, and waits until the version is built. Rejects with the log of one that failed. */
  readonly release: (upload: Upload) => Promise<VersionView>
  /** Waits until the build ends. */
  readonly built: (version: VersionView) => Promise<VersionView>
  readonly application: (
    name: string,
    stages: readonly (readonly Variant[])[],
    more?: object,
  ) => Promise<Answer>
  /** Makes an application, and waits until it is Ready. Rejects when it fails. */
  readonly ready: (
    name: string,
    stages: readonly (readonly Variant[])[],
    more?: object,
  ) => Promise<ApplicationView>
  /** Waits for a state of an application, looking at every change. */
  readonly applicationIn: (name: string, status: string) => Promise<ApplicationView>
  readonly servableIn: (fullName: string, status: string) => Promise<ServableView>
  /** Deploys a version, and waits until it serves. */
  readonly serve: (version: VersionView, more?: object) => Promise<ServableView>
  readonly events: () => Promise<EventStream>
}

export function createManagerCalls(url: string): ManagerCalls {
  const call: ManagerCalls['call'] = async (method, path, body) => {
    const init: RequestInit =
      body === undefined
        ? { method }
        : body instanceof FormData
          ? { method, body }
          : {
              method,
              body: typeof body === 'string' ? body : JSON.stringify(body),
              headers: { 'content-type': 'application/json' },
            }
    const response = await fetch(url + path, init)
    const text = await response.text()
    return {
      status: response.status,
      text,
      headers: response.headers,
      get json(): unknown {
        return JSON.parse(text) as unknown
      },
    }
  }
  const ok = async <T>(method: string, path: string, body?: unknown): Promise<T> => {
    const answer = await call(method, path, body)
    assert.equal(answer.status, 200, `${method} ${path}: ${answer.status} ${answer.text}`)
    return answer.json as T
  }
  const upload: ManagerCalls['upload'] = ({ name, files, signature, runtime = BUILT_IN, more = {} }) => {
    const [, image, tag] = /^(.+):([^:]+)$/.exec(runtime)!
    const modelSignature = signature === undefined ? SCALE_SIGNATURE : signature
    const metadata = {
      name,
      runtime: { name: image, tag },
      ...(modelSignature === null ? {} : { modelSignature }),
      ...more,
    }
    const form = new FormData()
    form.set('payload', new Blob([new Uint8Array(archiveOf(files))]), 'filename')
    form.set('metadata', JSON.stringify(metadata))
    return call('POST', '/api/v2/model/upload', form)
  }
  const events = () => openEvents(`${url}/api/v2/events`)

  /** Subscribes first and looks then, as nothing is told again. */
  const awaited = async <T>(
    kind: string,
    look: () => Promise<T>,
    suits: (seen: T) => boolean,
  ): Promise<T> => {
    const stream = await events()
    try {
      for (;;) {
        const seen = await look()
        if (suits(seen)) return seen
        await stream.next(({ event }) => event === `${kind}Update`)
      }
    } finally {
      await stream.close()
    }
  }
  const built: ManagerCalls['built'] = ({ model, modelVersion }) =>
    awaited(
      'Model',
      () => ok<VersionView>('GET', `/api/v2/model/version/${model.name}/${modelVersion}`),
      ({ status }) => status !== 'Assembling',
    )
  const applicationIn: ManagerCalls['applicationIn'] = (name, wanted) =>
    awaited(
      'Application',
      () => ok<ApplicationView>('GET', `/api/v2/application/${name}`),
      ({ status, message }) => {
        if (wanted === 'Ready') assert.notEqual(status, 'Failed', `${name}: ${message}`)
        return status === wanted
      },
    )
  const servableIn: ManagerCalls['servableIn'] = (fullName, wanted) =>
    awaited(
      'Servable',
      () => ok<ServableView>('GET', `/api/v2/servable/${fullName}`),
      ({ status, statusMessage }) => {
        if (wanted === 'Serving') assert.notEqual(status, 'NotServing', `${fullName}: ${statusMessage}`)
        return status === wanted
      },
    )
  const application: ManagerCalls['application'] = (name, stages, more = {}) =>
    call('POST', '/api/v2/application', { ...applicationBody(name, stages), ...more })
  return {
    call,
    ok,
    upload,
    events,
    built,
    application,
    applicationIn,
    servableIn,
    async release(what) {
      const answer = await upload(what)
      assert.equal(answer.status, 200, answer.text)
      const version = await built(answer.json as VersionView)
      assert.equal(version.status, 'Released', JSON.stringify(version))
      return version
    },
    async ready(name, stages, more) {
      const answer = await application(name, stages, more)
      assert.equal(answer.status, 200, answer.text)
      return applicationIn(name, 'Ready')
    },
    async serve(version, more = {}) {
      const { fullName } = await ok<ServableView>('POST', '/api/v2/servable', {
        modelName: version.model.name,
        version: version.modelVersion,
        ...more,
      })
      return servableIn(fullName, 'Serving')
    },
  }
}

export function applicationBody(name: string, stages: readonly (readonly Variant[])[]) {
  return {
    name,
    kafkaStreaming: [],
    metadata: {},
    executionGraph: {
      stages: stages.map(variants => ({
        modelVariants: variants.map(([modelVersionId, weight]) => ({ modelVersionId, weight })),
      })),
    },
  }
}
