import {
  create,
  type DescMessage,
  fromBinary,
  type MessageInitShape,
  type MessageShape,
  toBinary,
} from '@bufbuild/protobuf'
import { loadModelMesh, type modelMeshMessages } from '../protocol/index.ts'
import type { UnaryMethod } from './grpc/index.ts'
import { createGrpcCaller, type GrpcCaller } from './grpc-caller.ts'
import type { CallOptions, ClientOptions } from './inference-client.ts'
import { understood } from './understood-answer.ts'

export interface MeshClientOptions extends ClientOptions {
  /** Where the mesh is, e.g. `127.0.0.1:8033` or `unix:/run/mesh.sock`. With `tls`, even if it is empty, over TLS. */
  readonly target: string
  /** Connections, each of which carries many calls at a time. Default 1. */
  readonly maxConnections?: number | undefined
}

/** Where a model comes from. */
export interface MeshModelSource {
  /** Its format, such as `sklearn`; never empty. */
  readonly type: string
  readonly path: string
  /** JSON that says more of it. Default: nothing. */
  readonly key?: string | undefined
}

/** What loads a model, or waits for it, may say for itself. */
export interface MeshLoadOptions extends CallOptions {
  /** Answer when it is done, or has failed. Default: at once. */
  readonly isSync?: boolean | undefined
  /** What the model counts as used, in milliseconds of the epoch. Default: an hour ago. */
  readonly lastUsedMs?: number | undefined
}

export interface MeshRegisterOptions extends MeshLoadOptions {
  /** Default: it is loaded when somebody asks for it. */
  readonly loadsNow?: boolean | undefined
}

export interface MeshOwnerOptions extends CallOptions {
  /** Default: whoever it is. */
  readonly owner?: string | undefined
}

export interface MeshAliasOptions extends MeshOwnerOptions {
  /** Registers the target if it is not there. Default: it must be there. */
  readonly source?: MeshModelSource | undefined
  /** Removes a target that is registered so with the last alias that refers to it. Default false. */
  readonly isTargetAutoDeleted?: boolean | undefined
  /** Rejects with NOT_FOUND for an alias that is not there. Default false. */
  readonly isUpdateOnly?: boolean | undefined
  /** Moves at once, whether the target is loaded or not. Default false. */
  readonly isForced?: boolean | undefined
  readonly loadsNow?: boolean | undefined
  /** Answer when the alias has moved, or its target has failed. Default: at once. */
  readonly isSync?: boolean | undefined
  /** Rejects with FAILED_PRECONDITION if the alias has another target. Default: any. */
  readonly expectedTargetId?: string | undefined
}

export interface MeshModelStatus {
  readonly status: 'NOT_FOUND' | 'NOT_LOADED' | 'LOADING' | 'LOADED' | 'LOADING_FAILED' | 'UNKNOWN'
  readonly errors: readonly string[]
  readonly copies: readonly {
    readonly location: string
    readonly status: MeshModelStatus['status']
    /** Milliseconds of the epoch. */
    readonly timeMs: number
  }[]
}

export interface MeshAliasStatus {
  readonly status: 'NOT_FOUND' | 'DEFINED' | 'TRANSITIONING' | 'TRANSITION_FAILED' | 'UNKNOWN'
  readonly activeId: string
  readonly targetId: string
  readonly owner: string
  readonly active: MeshModelStatus | undefined
  readonly target: MeshModelStatus | undefined
}

/**
 * Manages the models of a mesh, ModelMesh's or Millrace's own. Every method rejects with a `ServingError`, as those of
 * `InferenceClient` do.
 */
export interface MeshClient {
  /** Rejects with ALREADY_EXISTS for a model that comes from elsewhere. A load that fails is told in the status. */
  readonly registerModel: (
    id: string,
    source: MeshModelSource,
    options?: MeshRegisterOptions,
  ) => Promise<MeshModelStatus>
  /** Rejects with FAILED_PRECONDITION while an alias refers to the model. */
  readonly unregisterModel: (id: string, options?: CallOptions) => Promise<void>
  readonly modelStatus: (id: string, options?: CallOptions) => Promise<MeshModelStatus>
  readonly ensureLoaded: (id: string, options?: MeshLoadOptions) => Promise<MeshModelStatus>
  /** Makes an alias, or moves it to another model once that is loaded. */
  readonly setAlias: (id: string, targetId: string, options?: MeshAliasOptions) => Promise<MeshAliasStatus>
  readonly deleteAlias: (id: string, options?: MeshOwnerOptions) => Promise<void>
  readonly aliasStatus: (id: string, options?: MeshOwnerOptions) => Promise<MeshAliasStatus>
  /** Lets running calls finish and closes the connections. Idempotent. */
  readonly close: () => Promise<void>
}

/**
 * A client of `mmesh.ModelMesh`.
 * @throws ServingError INVALID_ARGUMENT for a target or number that cannot be
 */
export function createMeshClient(options: MeshClientOptions): MeshClient {
  return new GrpcMeshClient(createGrpcCaller(options))
}

type Messages = typeof modelMeshMessages.modelMesh

class GrpcMeshClient implements MeshClient {
  readonly #caller: GrpcCaller
  readonly #methods = new Map<string, UnaryMethod>()

  constructor(caller: GrpcCaller) {
    this.#caller = caller
  }

  readonly registerModel: MeshClient['registerModel'] = async (id, source, options = {}) => {
    const { RegisterModelRequestSchema, ModelStatusInfoSchema } = await messages()
    const { loadsNow = false, isSync = false, lastUsedMs } = options
    const modelInfo = { type: source.type, path: source.path, key: source.key ?? '' }
    const request = {
      modelId: id,
      modelInfo,
      loadNow: loadsNow,
      sync: isSync,
      lastUsedTime: timeOf(lastUsedMs),
    }
    return modelView(
      await this.#call('registerModel', RegisterModelRequestSchema, request, ModelStatusInfoSchema, options),
    )
  }

  readonly unregisterModel: MeshClient['unregisterModel'] = async (modelId, options = {}) => {
    const { UnregisterModelRequestSchema, UnregisterModelResponseSchema } = await messages()
    await this.#call(
      'unregisterModel',
      UnregisterModelRequestSchema,
      { modelId },
      UnregisterModelResponseSchema,
      options,
    )
  }

  readonly modelStatus: MeshClient['modelStatus'] = async (modelId, options = {}) => {
    const { GetStatusRequestSchema, ModelStatusInfoSchema } = await messages()
    return modelView(
      await this.#call('getModelStatus', GetStatusRequestSchema, { modelId }, ModelStatusInfoSchema, options),
    )
  }

  readonly ensureLoaded: MeshClient['ensureLoaded'] = async (modelId, options = {}) => {
    const { EnsureLoadedRequestSchema, ModelStatusInfoSchema } = await messages()
    const request = { modelId, sync: options.isSync ?? false, lastUsedTime: timeOf(options.lastUsedMs) }
    return modelView(
      await this.#call('ensureLoaded', EnsureLoadedRequestSchema, request, ModelStatusInfoSchema, options),
    )
  }

  readonly setAlias: MeshClient['setAlias'] = async (vModelId, targetModelId, options = {}) => {
    const { SetVModelRequestSchema, VModelStatusInfoSchema } = await messages()
    const { source } = options
    const request = {
      vModelId,
      targetModelId,
      ...(source === undefined
        ? {}
        : { modelInfo: { type: source.type, path: source.path, key: source.key ?? '' } }),
      autoDeleteTargetModel: options.isTargetAutoDeleted ?? false,
      updateOnly: options.isUpdateOnly ?? false,
      force: options.isForced ?? false,
      loadNow: options.loadsNow ?? false,
      sync: options.isSync ?? false,
      expectedTargetModelId: options.expectedTargetId ?? '',
      owner: options.owner ?? '',
    }
    return aliasView(
      await this.#call('setVModel', SetVModelRequestSchema, request, VModelStatusInfoSchema, options),
    )
  }

  readonly deleteAlias: MeshClient['deleteAlias'] = async (vModelId, options = {}) => {
    const { DeleteVModelRequestSchema, DeleteVModelResponseSchema } = await messages()
    const request = { vModelId, owner: options.owner ?? '' }
    await this.#call('deleteVModel', DeleteVModelRequestSchema, request, DeleteVModelResponseSchema, options)
  }

  readonly aliasStatus: MeshClient['aliasStatus'] = async (vModelId, options = {}) => {
    const { GetVModelStatusRequestSchema, VModelStatusInfoSchema } = await messages()
    const request = { vModelId, owner: options.owner ?? '' }
    return aliasView(
      await this.#call(
        'getVModelStatus',
        GetVModelStatusRequestSchema,
        request,
        VModelStatusInfoSchema,
        options,
      ),
    )
  }

  readonly close = (): Promise<void> => this.#caller.close()

  #call<I extends DescMessage, O extends DescMessage>(
    name: string,
    input: I,
    request: MessageInitShape<I>,
    output: O,
    options: CallOptions,
  ): Promise<MessageShape<O>> {
    const method = this.#methods.get(name) ?? this.#caller.method(`/mmesh.ModelMesh/${name}`)
    this.#methods.set(name, method)
    return method(
      options,
      () => [toBinary(input, create(input, request))],
      answer => understood(() => fromBinary(output, answer)),
    )
  }
}

async function messages(): Promise<Messages> {
  return (await loadModelMesh()).modelMesh
}

function timeOf(milliseconds = 0): bigint {
  return BigInt(Math.max(Math.trunc(milliseconds), 0))
}

const MODEL_STATUS: readonly MeshModelStatus['status'][] = [
  'NOT_FOUND',
  'NOT_LOADED',
  'LOADING',
  'LOADED',
  'LOADING_FAILED',
]
const ALIAS_STATUS: readonly MeshAliasStatus['status'][] = [
  'NOT_FOUND',
  'DEFINED',
  'TRANSITIONING',
  'TRANSITION_FAILED',
]

function modelView(info: MessageShape<Messages['ModelStatusInfoSchema']>): MeshModelStatus {
  return {
    status: MODEL_STATUS[info.status] ?? 'UNKNOWN',
    errors: info.errors,
    copies: info.modelCopyInfos.map(({ location, copyStatus, time }) => ({
      location,
      status: MODEL_STATUS[copyStatus] ?? 'UNKNOWN',
      timeMs: Number(time),
    })),
  }
}

function aliasView(info: MessageShape<Messages['VModelStatusInfoSchema']>): MeshAliasStatus {
  const { status, activeModelId, targetModelId, owner, activeModelStatus, targetModelStatus } = info
  return {
    status: ALIAS_STATUS[status] ?? 'UNKNOWN',
    activeId: activeModelId,
    targetId: targetModelId,
    owner,
    active: activeModelStatus === undefined ? undefined : modelView(activeModelStatus),
    target: targetModelStatus === undefined ? undefined : modelView(targetModelStatus),
  }
}
