// What the prediction service of the third generation needs; `loadHydrosphereG3` has all packages.
export * as contract from '../proto/hydrosphere/serving/contract/contract_pb.js'
export * as runtime from '../proto/hydrosphere/serving/runtime/runtime_pb.js'
