import assert from 'node:assert/strict'
import { test } from 'node:test'
import { grpcRequirement, restRequirement } from './scope.ts'

test('what REST routes ask for', () => {
  const cases: [route: string, requirement: string][] = [
    ['/v2/health/live', 'NOTHING'],
    ['/v2/health/ready', 'NOTHING'],
    ['/v2', 'infer'],
    ['/v2/models/:model', 'infer'],
    ['/v2/models/:model/ready', 'infer'],
    ['/v2/models/:model/infer', 'infer'],
    ['/v2/repository/index', 'admin'],
    ['/v2/repository/models/:model/load', 'admin'],
    ['/v2/repository/models/:model/unload', 'admin'],
    ['/v2/mesh', 'admin'],
    ['/v2/mesh/models/:model', 'admin'],
    ['/v2/meshes', 'infer'],
    ['/monitoring/checks/all/1', 'admin'],
    ['/stat/support', 'admin'],
    ['/what/comes/later', 'infer'],
  ]
  for (const [route, requirement] of cases) assert.equal(restRequirement(route), requirement, route)
})

test('what gRPC methods ask for', () => {
  const service = '/inference.GRPCInferenceService'
  const cases: [path: string, requirement: string][] = [
    [`${service}/ServerLive`, 'NOTHING'],
    [`${service}/ServerReady`, 'NOTHING'],
    ['/grpc.health.v1.Health/Check', 'NOTHING'],
    ['/grpc.health.v1.Health/Watch', 'NOTHING'],
    [`${service}/ModelReady`, 'infer'],
    [`${service}/ModelInfer`, 'infer'],
    [`${service}/RepositoryIndex`, 'admin'],
    [`${service}/RepositoryModelLoad`, 'admin'],
    ['/inference.model_repository.ModelRepositoryService/RepositoryModelUnload', 'admin'],
    ['/mmesh.ModelMesh/registerModel', 'admin'],
    ['/grpc.reflection.v1.ServerReflection/ServerReflectionInfo', 'infer'],
  ]
  for (const [path, requirement] of cases) assert.equal(grpcRequirement(path), requirement, path)
})
