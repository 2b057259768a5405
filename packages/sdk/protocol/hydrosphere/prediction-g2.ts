// What the prediction service of the first and second generation needs; `loadHydrosphereG2` has all packages.
export * as contract from '../proto/hydrosphere/contract/contract_pb.js'
export * as predict from '../proto/hydrosphere/tensorflow/serving/predict_pb.js'
export * as tensor from '../proto/hydrosphere/tensorflow/tensor_pb.js'
export * as service from '../proto/tensorflow/serving/prediction_service_pb.js'
