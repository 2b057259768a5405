// Services and messages of ModelMesh, package `mmesh`: the mesh as its clients see it, and the runtime as the mesh does.
export * as modelMesh from '../proto/mmesh/model_mesh_pb.js'
export * as modelRuntime from '../proto/mmesh/model_runtime_pb.js'
