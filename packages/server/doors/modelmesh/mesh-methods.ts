import { ServingError } from '@millrace/sdk'
import { HYDROSPHERE_PREDICT_PATHS, type IdPath, readId, writeId } from '@millrace/sdk/protocol'
import {
  aliasNamed,
  idsOfHeaders,
  type MeshNames,
  NAME_KIND_HEADER,
  namesModel,
} from '../../dataplane/index.ts'
import type {
  GrpcCall,
  GrpcMessage,
  GrpcMethod,
  GrpcStreamMethod,
  GrpcUnaryMethod,
} from '../../transport/index.ts'
import { askSeveral } from './ask-several.ts'
import type { DataPlaneConfig, RpcConfig } from './data-plane-config.ts'
import { headersNaming, MeshCallView } from './mesh-call-view.ts'

export interface MeshMethodsOptions {
  readonly mesh: MeshNames
  readonly config: DataPlaneConfig
  /** Models of one request that are asked at once. */
  readonly parallelism: number
  /** Told of requests and answers; `null` for nobody. */
  readonly onPayload: PayloadHook | null
}

/** @returns what is to be told of the answer, or `null` where nobody wants to know */
export type PayloadHook = (exchange: {
  /** `package.Service/Method`. */
  readonly method: string
  readonly modelId: string
  /** Undefined where the request named the model itself. */
  readonly aliasId: string | undefined
  readonly message: Uint8Array
  readonly headers: GrpcCall['headers']
}) => ((answer: PayloadAnswer) => void) | null

export type PayloadAnswer = { readonly message: GrpcMessage } | { readonly error: unknown }

const V2 = 'inference.GRPCInferenceService'

/** Where methods that decode their messages have the name; the data plane resolves it, so that the bytes stay as they are. */
const DECODED: ReadonlyMap<string, IdPath> = new Map([
  [`${V2}/ModelInfer`, [1]],
  [`${V2}/ModelStreamInfer`, [1]],
  [HYDROSPHERE_PREDICT_PATHS.G2.slice(1), [1, 1]],
  // Its messages have no place for a name.
  [HYDROSPHERE_PREDICT_PATHS.G3.slice(1), []],
])

/** What asks about models: its messages are small, and the name is written into them. */
const ABOUT_MODELS: ReadonlySet<string> = new Set(
  ['ModelMetadata', 'ModelReady', 'ModelConfig', 'ModelStatistics'].map(name => `${V2}/${name}`),
)

/** What is no work of models, and can be called whatever the configuration lists. */
const NOT_OF_MODELS =
  /^(?:mmesh\.|grpc\.|inference\.(?:GRPCInferenceService\/(?:Server|Repository)|model_repository\.))|\/Status$/

const RUNTIME_METHODS = ['loadModel', 'unloadModel', 'predictModelSize', 'modelSize', 'runtimeStatus'].map(
  name => `mmesh.ModelRuntime/${name}`,
)

/**
 * The methods of a listener as a mesh offers them: requests name their model in metadata too, or several of them, and what
 * the configuration does not allow cannot be called.
 * @throws ServingError INVALID_ARGUMENT for a configuration of a method that cannot have it
 */
export function meshMethods(
  methods: ReadonlyMap<string, GrpcMethod>,
  options: MeshMethodsOptions,
): ReadonlyMap<string, GrpcMethod> {
  const { config } = options
  // A runtime is for its mesh alone.
  const offered = new Map<string, GrpcMethod>(
    RUNTIME_METHODS.map(name => [`/${name}`, notPermitted(name)] as const),
  )
  for (const [path, method] of methods) {
    const name = path.slice(1)
    const rpc = config.rpcs.get(name)
    if (NOT_OF_MODELS.test(name)) offered.set(path, method)
    else if (rpc === undefined && !config.allowsOthers) offered.set(path, notPermitted(name))
    else offered.set(path, offer(name, method, rpc, options))
  }
  return offered
}

function offer(
  name: string,
  method: GrpcMethod,
  rpc: RpcConfig | undefined,
  options: MeshMethodsOptions,
): GrpcMethod {
  const decodedPath = DECODED.get(name)
  if (decodedPath !== undefined) {
    if (rpc?.idPath !== undefined && rpc.idPath.join() !== decodedPath.join()) {
      throw new ServingError(
        'INVALID_ARGUMENT',
        `the data-plane configuration gives ${name} the idExtractionPath [${rpc.idPath.join(', ')}]; its messages have the name at [${decodedPath.join(', ')}]`,
      )
    }
    const kind = rpc?.idPath === undefined ? undefined : rpc.kind
    if (method.kind === 'unary') return decoded(name, method, decodedPath, kind, options)
    if (kind === undefined) return method
    const handle: GrpcStreamMethod['handle'] = (messages, call) => method.handle(messages, ofKind(call, kind))
    return { ...method, handle }
  }
  const idPath = rpc?.idPath ?? (ABOUT_MODELS.has(name) ? [1] : undefined)
  if (idPath === undefined) return method
  if (method.kind === 'unary') return spliced(name, method, { idPath, kind: rpc?.kind }, options)
  throw new ServingError(
    'INVALID_ARGUMENT',
    `the data-plane configuration gives ${name} an idExtractionPath, but it is a stream; only unary methods can have one`,
  )
}

function ofKind(call: GrpcCall, kind: 'alias' | 'model'): GrpcCall {
  return new MeshCallView(call, { ...call.headers, [NAME_KIND_HEADER]: kind })
}

/** A method that decodes its messages: only requests for several models are anything special. */
function decoded(
  name: string,
  method: GrpcUnaryMethod,
  idPath: IdPath,
  kind: 'alias' | 'model' | undefined,
  { mesh, parallelism, onPayload }: MeshMethodsOptions,
): GrpcUnaryMethod {
  const isNamed = (message: Uint8Array) => idPath.length > 0 && readId(message, idPath) !== ''
  const one = kind === undefined ? method : { ...method, handle: ask(method, kind) }
  const told = onPayload === null ? one : { ...one, handle: tell(name, one, idPath, kind, mesh, onPayload) }
  return {
    ...told,
    handle(message, call) {
      const { headers } = call
      if (!namesModel(headers)) return told.handle(message, call)
      const several = isNamed(message) ? null : idsOfHeaders(headers)
      if (several === null || several.ids.length === 1) return told.handle(message, call)
      return askSeveral(told, message, call, { ...several, parallelism })
    },
  }
}

function ask(method: GrpcUnaryMethod, kind: 'alias' | 'model'): GrpcUnaryMethod['handle'] {
  return (message, call) => method.handle(message, ofKind(call, kind))
}

/** A method that gets its messages with the model's own name in them. */
function spliced(
  name: string,
  method: GrpcUnaryMethod,
  { idPath, kind }: { readonly idPath: IdPath; readonly kind: 'alias' | 'model' | undefined },
  { mesh, onPayload, parallelism }: MeshMethodsOptions,
): GrpcUnaryMethod {
  const told =
    onPayload === null ? method : { ...method, handle: tell(name, method, idPath, 'model', mesh, onPayload) }
  const one: GrpcUnaryMethod = {
    ...told,
    async handle(message, call) {
      const asked = readId(message, idPath)
      // The methods that ask about all models may go without a name.
      if (asked === '' && kind === undefined && !namesModel(call.headers)) return told.handle(message, call)
      const { modelId } = await resolve(asked, kind, call.headers, mesh)
      const headers = headersNaming(call.headers, 'model', modelId)
      return told.handle(writeId(message, idPath, modelId), new MeshCallView(call, headers))
    },
  }
  return {
    ...one,
    handle(message, call) {
      const several =
        readId(message, idPath) === '' && namesModel(call.headers) ? idsOfHeaders(call.headers) : null
      if (several === null || several.ids.length === 1) return one.handle(message, call)
      return askSeveral(one, message, call, { ...several, parallelism })
    },
  }
}

interface Resolved {
  readonly modelId: string
  readonly aliasId: string | undefined
}

/** @throws ServingError NOT_FOUND for an unknown alias, or an unknown model */
async function resolve(
  asked: string,
  kind: 'alias' | 'model' | undefined,
  headers: GrpcCall['headers'],
  mesh: MeshNames,
): Promise<Resolved> {
  const found = resolveName(asked, kind, headers, mesh)
  if (mesh.isKnown(found.modelId)) return found
  throw new ServingError('NOT_FOUND', `model not found: '${found.modelId}'`)
}

function resolveName(
  asked: string,
  messageKind: 'alias' | 'model' | undefined,
  headers: GrpcCall['headers'],
  mesh: MeshNames,
): Resolved {
  const named = asked === '' ? idsOfHeaders(headers) : { kind: messageKind, ids: [asked] }
  const id = named.ids[0]!
  if (named.kind === 'model') return { modelId: id, aliasId: undefined }
  const alias = named.kind === 'alias' ? aliasNamed(mesh, id) : mesh.alias(id)
  return alias === undefined ? { modelId: id, aliasId: undefined } : { modelId: alias.activeId, aliasId: id }
}

function tell(
  name: string,
  method: GrpcUnaryMethod,
  idPath: IdPath,
  kind: 'alias' | 'model' | undefined,
  mesh: MeshNames,
  onPayload: PayloadHook,
): GrpcUnaryMethod['handle'] {
  return async (message, call) => {
    const asked = idPath.length === 0 ? '' : readId(message, idPath)
    const answered = onPayload({
      method: name,
      ...resolveName(asked, kind, call.headers, mesh),
      message,
      headers: call.headers,
    })
    if (answered === null) return method.handle(message, call)
    try {
      const answer = await method.handle(message, call)
      answered({ message: answer })
      return answer
    } catch (error) {
      answered({ error })
      throw error
    }
  }
}

function notPermitted(name: string): GrpcMethod {
  return {
    kind: 'unary',
    handle() {
      throw new ServingError('UNIMPLEMENTED', `Method not found or not permitted: ${name}`)
    },
  }
}
