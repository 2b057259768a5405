import { ServingError } from '../errors/index.ts'
import { createHttpCaller, type HttpCaller, type HttpMessage } from './http-caller.ts'
import type { CallOptions } from './inference-client.ts'
import { type RequiredMembers, readAnswer, readAnswers } from './manager-answer.ts'
import type { ManagerClient, ManagerClientOptions, UploadOptions } from './manager-interface.ts'
import type { NewApplication, NewModelVersion } from './manager-requests.ts'
import { createManagerStreams } from './manager-streams.ts'
import type {
  ApplicationView,
  DeploymentConfigurationView,
  MetricSpecificationView,
  ModelVersionView,
  ModelView,
  RuntimeView,
  ServableView,
  TrainingDataView,
} from './manager-views.ts'
import { refusalOf } from './rest-refusal.ts'
import { uploadBody } from './upload-body.ts'

const MODEL: RequiredMembers<ModelView> = { id: 'number', name: 'string' }
const VERSION: RequiredMembers<ModelVersionView> = {
  id: 'number',
  model: 'object',
  modelVersion: 'number',
  modelSignature: 'object',
}
const SERVABLE: RequiredMembers<ServableView> = {
  fullName: 'string',
  modelVersionId: 'number',
  status: 'string',
}
const APPLICATION: RequiredMembers<ApplicationView> = {
  id: 'number',
  name: 'string',
  status: 'string',
  executionGraph: 'object',
}
const CONFIGURATION: RequiredMembers<DeploymentConfigurationView> = { name: 'string' }
const METRIC: RequiredMembers<MetricSpecificationView> = {
  id: 'string',
  name: 'string',
  modelVersionId: 'number',
  config: 'object',
}
const TRAINING_DATA: RequiredMembers<TrainingDataView> = { kind: 'string' }
const RUNTIME: RequiredMembers<RuntimeView> = { id: 'number', name: 'string', version: 'string' }

/**
 * A client of a manager's HTTP interface, on built-in `fetch` with connections that are kept.
 * @throws ServingError INVALID_ARGUMENT for a URL or number that cannot be; UNIMPLEMENTED for `tls` where
 * the process has replaced fetch's connections
 */
export function createManagerClient(options: ManagerClientOptions): ManagerClient {
  const http = createHttpCaller(options)
  const { buildLog, servableLogs, subscribe } = createManagerStreams(http)
  const one =
    <T extends object>(required: RequiredMembers<T>) =>
    async (message: HttpMessage, path: string, call: CallOptions = {}) =>
      readAnswer<T>(await ask(http, message, path, call), required)
  const all = async <T extends object>(required: RequiredMembers<T>, path: string, call: CallOptions = {}) =>
    readAnswers<T>(await ask(http, GET, path, call), required)
  const version = one(VERSION)
  const servable = one(SERVABLE)
  const application = one(APPLICATION)
  const configuration = one(CONFIGURATION)
  const metric = one(METRIC)
  return {
    buildInfo: call => one<Record<string, unknown>>({})(GET, '/api/buildinfo', call),
    models: {
      list: call => all(MODEL, '/api/v2/model', call),
      delete: (id, call) => one(MODEL)(DELETE, `/api/v2/model/${id}`, call),
    },
    versions: {
      list: call => all(VERSION, '/api/v2/model/version', call),
      get: (name, number, call) => version(GET, `/api/v2/model/version/${step(name)}/${number}`, call),
      upload: (metadata, payload, call) => upload(http, metadata, payload, call),
      registerExternal: (external, call) => version(post(external), '/api/v2/externalmodel', call),
      buildLog,
      uploadTrainingData: (id, csv, call) => uploadTrainingData(http, id, csv, call),
      nameTrainingData: async (id, path, call = {}) => {
        await ask(http, post({ path }), `/monitoring/profiles/batch/${id}/s3`, call)
      },
      trainingDataStatus: (id, { waitMs, ...call } = {}) => {
        const query = waitMs === undefined ? '' : `?wait=${Math.ceil(waitMs / 1000)}`
        return one(TRAINING_DATA)(GET, `/monitoring/profiles/batch/${id}/status${query}`, call)
      },
    },
    servables: {
      list: call => all(SERVABLE, '/api/v2/servable', call),
      get: (name, call) => servable(GET, `/api/v2/servable/${step(name)}`, call),
      create: (wanted, call) => servable(post(wanted), '/api/v2/servable', call),
      delete: (name, call) => servable(DELETE, `/api/v2/servable/${step(name)}`, call),
      logs: (name, call = {}) => servableLogs(step(name), call.isFollowed ?? false, call),
    },
    applications: {
      list: call => all(APPLICATION, '/api/v2/application', call),
      get: (name, call) => application(GET, `/api/v2/application/${step(name)}`, call),
      create: (wanted, call) => application(post(withTopics(wanted)), '/api/v2/application', call),
      update: (id, wanted, call) =>
        application({ ...post({ id, ...withTopics(wanted) }), method: 'PUT' }, '/api/v2/application', call),
      delete: (name, call) => application(DELETE, `/api/v2/application/${step(name)}`, call),
    },
    deploymentConfigurations: {
      list: call => all(CONFIGURATION, '/api/v2/deployment_configuration', call),
      get: (name, call) => configuration(GET, `/api/v2/deployment_configuration/${step(name)}`, call),
      create: (wanted, call) => configuration(post(wanted), '/api/v2/deployment_configuration', call),
      delete: (name, call) => configuration(DELETE, `/api/v2/deployment_configuration/${step(name)}`, call),
    },
    metricSpecifications: {
      list: call => all(METRIC, '/api/v2/monitoring/metricspec', call),
      ofVersion: (id, call) => all(METRIC, `/api/v2/monitoring/metricspec/modelversion/${id}`, call),
      create: (wanted, call) => metric(post(wanted), '/api/v2/monitoring/metricspec', call),
      delete: (id, call) => metric(DELETE, `/api/v2/monitoring/metricspec/${step(id)}`, call),
    },
    runtimes: { list: call => all(RUNTIME, '/api/v1/runtime', call) },
    subscribe,
    async predict(target, json, call = {}) {
      const path =
        'application' in target
          ? `/gateway/application/${step(target.application)}`
          : `/gateway/servable/${step(target.servable)}`
      return Buffer.from(await ask(http, jsonMessage('POST', json), path, call)).toString()
    },
    close: () => http.close(),
  }
}

const GET: HttpMessage = { method: 'GET' }
const DELETE: HttpMessage = { method: 'DELETE' }

function post(json: object): HttpMessage {
  return jsonMessage('POST', JSON.stringify(json))
}

function jsonMessage(method: 'POST', json: string): HttpMessage {
  return { method, headers: { 'content-type': 'application/json' }, body: Buffer.from(json) }
}

/** Older managers refuse an application without its list of topics. */
function withTopics(application: NewApplication): NewApplication {
  return { ...application, kafkaStreaming: application.kafkaStreaming ?? [] }
}

function ask(
  http: HttpCaller,
  message: HttpMessage,
  path: string,
  options: CallOptions,
): Promise<Uint8Array> {
  return http.run(options, async call => bodyOf(http, await http.send(path, message, options, call)))
}

async function bodyOf(http: HttpCaller, response: Response): Promise<Uint8Array> {
  const body = await http.readBody(response)
  if (response.status !== 200) throw refusalOf(response.status, response.headers, body)
  return body
}

async function upload(
  http: HttpCaller,
  metadata: NewModelVersion,
  payload: AsyncIterable<Uint8Array>,
  options: UploadOptions = {},
): Promise<ModelVersionView> {
  const body = await http.run(options, async call => {
    const { contentType, chunks } = uploadBody(metadata, payload, sentBytes => {
      call.restart()
      options.onProgress?.(sentBytes)
    })
    const message: HttpMessage = { method: 'POST', headers: { 'content-type': contentType }, body: chunks }
    return bodyOf(http, await http.send('/api/v2/model/upload', message, options, call))
  })
  return readAnswer(body, VERSION)
}

async function uploadTrainingData(
  http: HttpCaller,
  versionId: number,
  csv: AsyncIterable<Uint8Array>,
  options: CallOptions = {},
): Promise<void> {
  await http.run(options, async call => {
    async function* chunks(): AsyncGenerator<Uint8Array, void, undefined> {
      for await (const chunk of csv) {
        call.restart()
        yield chunk
      }
    }
    const message: HttpMessage = {
      method: 'POST',
      headers: { 'content-type': 'text/csv' },
      body: chunks(),
    }
    const path = `/monitoring/profiles/batch/${versionId}`
    await bodyOf(http, await http.send(path, message, options, call))
  })
}

/** @throws ServingError INVALID_ARGUMENT for names that a URL takes as steps of its path */
function step(name: string): string {
  if (name !== '' && name !== '.' && name !== '..') return encodeURIComponent(name)
  throw new ServingError('INVALID_ARGUMENT', `'${name}' is no name`)
}
