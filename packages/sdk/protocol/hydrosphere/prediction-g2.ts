// What the prediction service of the first and second generation needs; `loadHydrosphereG2` has all packages.
export * as service from '../proto/tensorflow/serving/prediction_service_pb.js'
