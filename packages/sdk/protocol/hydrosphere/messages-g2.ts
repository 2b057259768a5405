// Packages of the first and second generation. The wire does not tell them apart, and neither does the code but in
// `managerG1`, which has entities of releases 0.1.x whose names mean other messages in `manager`.
export * as autoOd from '../proto/hydrosphere/auto_od/auto_od_pb.js'
export * as contract from '../proto/hydrosphere/contract/contract_pb.js'
export * as discovery from '../proto/hydrosphere/discovery/discovery_pb.js'
export * as managerG1 from '../proto/hydrosphere/manager/g1/entities_pb.js'
export * as kafka from '../proto/hydrosphere/manager/kafka_pb.js'
export * as manager from '../proto/hydrosphere/manager/manager_pb.js'
export * as monitoring from '../proto/hydrosphere/monitoring/monitoring_pb.js'
export * as trace from '../proto/hydrosphere/monitoring/trace_data_pb.js'
export * as profiler from '../proto/hydrosphere/profiler/profiler_pb.js'
export * as reqstore from '../proto/hydrosphere/reqstore/reqstore_pb.js'
/** Its paths on the wire begin with `HYDROSPHERE_GATEWAY_SERVICE`. */
export * as gateway from '../proto/hydrosphere/serving/gateway/g2/gateway_pb.js'
export * as predict from '../proto/hydrosphere/tensorflow/serving/predict_pb.js'
export * as tensor from '../proto/hydrosphere/tensorflow/tensor_pb.js'
export * as vis from '../proto/hydrosphere/vis/vis_pb.js'
export * as service from '../proto/tensorflow/serving/prediction_service_pb.js'
