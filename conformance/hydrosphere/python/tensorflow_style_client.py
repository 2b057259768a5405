"""Asks `PredictionService/Predict` as clients of TensorFlow Serving do: ADDRESS MODEL. Prints the answer's total."""
import sys

import grpc
from hydro_serving_grpc.tf.api.model_pb2 import ModelSpec
from hydro_serving_grpc.tf.api.predict_pb2 import PredictRequest
from hydro_serving_grpc.tf.api.prediction_service_pb2_grpc import PredictionServiceStub
from hydro_serving_grpc.tf.tensor_pb2 import TensorProto
from hydro_serving_grpc.tf.tensor_shape_pb2 import TensorShapeProto
from hydro_serving_grpc.tf.types_pb2 import DT_DOUBLE

address, model = sys.argv[1:]
dims = [TensorShapeProto.Dim(size=size) for size in (1, 2)]
xs = TensorProto(dtype=DT_DOUBLE, tensor_shape=TensorShapeProto(dim=dims), double_val=[1.5, 2])
with grpc.insecure_channel(address) as channel:
    answer = PredictionServiceStub(channel).Predict(
        PredictRequest(model_spec=ModelSpec(name=model), inputs={"xs": xs}), timeout=30
    )
print(answer.outputs["total"].double_val[0])
