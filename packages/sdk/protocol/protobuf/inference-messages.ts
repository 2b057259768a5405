// Package `inference`: its messages and services lie in two .proto files.
export * from '../proto/inference_pb.js'
export * from '../proto/model_config_pb.js'
