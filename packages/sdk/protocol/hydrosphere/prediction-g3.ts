// What the prediction service of the third generation needs; `loadHydrosphereG3` has all packages.
export * as runtime from '../proto/hydrosphere/serving/runtime/runtime_pb.js'
