import { ServingError } from '@millrace/sdk'
import { loadModelMesh, type modelMeshMessages } from '@millrace/sdk/protocol'
import type { AliasStatus, ModelMesh, ModelStatus } from '../../cache/index.ts'
import type { GrpcMethod } from '../../transport/index.ts'
import { unary } from './unary-method.ts'

const SERVICE = '/mmesh.ModelMesh'

/** `mmesh.ModelMesh` by full path: models are registered, loaded and given aliases, as ModelMesh's clients do it. */
export async function modelMeshMethods(mesh: ModelMesh): Promise<ReadonlyMap<string, GrpcMethod>> {
  const { modelMesh } = await loadModelMesh()
  const { ModelStatusInfo_ModelStatus: STATUS, VModelStatusInfo_VModelStatus: ALIAS_STATUS } = modelMesh
  const modelView = ({ status, errors, copies }: ModelStatus) => ({
    status: STATUS[status],
    errors: [...errors],
    modelCopyInfos: copies.map(copy => ({
      location: copy.location,
      copyStatus: STATUS[copy.status],
      time: BigInt(Math.trunc(copy.timeMs)),
    })),
  })
  const aliasView = ({ status, activeId, targetId, owner, active, target }: AliasStatus) => ({
    status: ALIAS_STATUS[status],
    activeModelId: activeId,
    targetModelId: targetId,
    owner,
    ...(active === undefined ? {} : { activeModelStatus: modelView(active) }),
    ...(target === undefined ? {} : { targetModelStatus: modelView(target) }),
  })

  return new Map<string, GrpcMethod>([
    [
      `${SERVICE}/registerModel`,
      unary(
        modelMesh.RegisterModelRequestSchema,
        modelMesh.ModelStatusInfoSchema,
        async (request, { signal }) =>
          modelView(
            await mesh.registerModel({
              id: request.modelId,
              info: infoOf(request.modelInfo),
              loadsNow: request.loadNow,
              isSync: request.sync,
              lastUsedMs: timeOf(request.lastUsedTime),
              signal,
            }),
          ),
      ),
    ],
    [
      `${SERVICE}/unregisterModel`,
      unary(
        modelMesh.UnregisterModelRequestSchema,
        modelMesh.UnregisterModelResponseSchema,
        async ({ modelId }) => {
          await mesh.unregisterModel(modelId)
          return {}
        },
      ),
    ],
    [
      `${SERVICE}/getModelStatus`,
      unary(modelMesh.GetStatusRequestSchema, modelMesh.ModelStatusInfoSchema, async ({ modelId }) =>
        modelView(mesh.modelStatus(modelId)),
      ),
    ],
    [
      `${SERVICE}/ensureLoaded`,
      unary(
        modelMesh.EnsureLoadedRequestSchema,
        modelMesh.ModelStatusInfoSchema,
        async (request, { signal }) =>
          modelView(
            await mesh.ensureLoaded(request.modelId, {
              isSync: request.sync,
              lastUsedMs: timeOf(request.lastUsedTime),
              signal,
            }),
          ),
      ),
    ],
    [
      `${SERVICE}/setVModel`,
      unary(modelMesh.SetVModelRequestSchema, modelMesh.VModelStatusInfoSchema, async (request, { signal }) =>
        aliasView(
          await mesh.setAlias({
            id: request.vModelId,
            targetId: request.targetModelId,
            info: isEmpty(request.modelInfo) ? undefined : infoOf(request.modelInfo),
            isTargetAutoDeleted: request.autoDeleteTargetModel,
            isUpdateOnly: request.updateOnly,
            isForced: request.force,
            loadsNow: request.loadNow,
            isSync: request.sync,
            expectedTargetId: request.expectedTargetModelId,
            owner: request.owner,
            signal,
          }),
        ),
      ),
    ],
    [
      `${SERVICE}/deleteVModel`,
      unary(
        modelMesh.DeleteVModelRequestSchema,
        modelMesh.DeleteVModelResponseSchema,
        async ({ vModelId, owner }) => {
          await mesh.deleteAlias(vModelId, owner)
          return {}
        },
      ),
    ],
    [
      `${SERVICE}/getVModelStatus`,
      unary(
        modelMesh.GetVModelStatusRequestSchema,
        modelMesh.VModelStatusInfoSchema,
        async ({ vModelId, owner }) => aliasView(mesh.aliasStatus(vModelId, owner)),
      ),
    ],
  ])
}

type InfoMessage = modelMeshMessages.modelMesh.ModelInfo | undefined

function infoOf(info: InfoMessage) {
  return { type: info?.type ?? '', path: info?.path ?? '', key: info?.key ?? '' }
}

/** Clients of languages without `undefined` send an empty message for none. */
function isEmpty(info: InfoMessage): boolean {
  const { type, path, key } = infoOf(info)
  return type === '' && path === '' && key === ''
}

/** @throws ServingError INVALID_ARGUMENT for what is beyond all clocks */
function timeOf(milliseconds: bigint): number {
  if (milliseconds <= BigInt(Number.MAX_SAFE_INTEGER)) return Number(milliseconds)
  throw new ServingError(
    'INVALID_ARGUMENT',
    `lastUsedTime is ${milliseconds}; it must be milliseconds since 1970, or 0 for none`,
  )
}
