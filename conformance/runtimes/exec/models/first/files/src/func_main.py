from hydro_serving_grpc.tf.api.predict_pb2 import PredictResponse
from hydro_serving_grpc.tf.tensor_pb2 import TensorProto
from hydro_serving_grpc.tf.tensor_shape_pb2 import TensorShapeProto
from hydro_serving_grpc.tf.types_pb2 import DT_DOUBLE


def scale(xs):
    return multiplied(xs, 2)


def triple(xs):
    return multiplied(xs, 3)


def wrong(xs):
    return {"total": 1}


def multiplied(xs, factor):
    if any(value < 0 for value in xs.double_val):
        raise ValueError("a number is negative")
    total = factor * sum(xs.double_val)
    scalar = TensorProto(dtype=DT_DOUBLE, tensor_shape=TensorShapeProto(), double_val=[total])
    return PredictResponse(outputs={"total": scalar})
