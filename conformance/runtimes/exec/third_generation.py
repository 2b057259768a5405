"""A runtime of Hydrosphere's third generation: numpy arrays in, a dict of them out, and gRPC's health service."""
import importlib
import os
import signal
import sys
import threading
from concurrent import futures
from pathlib import Path

import grpc
import numpy
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from hydro_serving_grpc.serving.contract.signature_pb2 import ModelSignature
from hydro_serving_grpc.serving.contract.tensor_pb2 import Tensor, TensorShape
from hydro_serving_grpc.serving.contract.types_pb2 import DT_DOUBLE, DT_INT64, DT_STRING
from hydro_serving_grpc.serving.runtime.api_pb2 import PredictResponse
from hydro_serving_grpc.serving.runtime.api_pb2_grpc import (
    PredictionServiceServicer,
    add_PredictionServiceServicer_to_server,
)

FIELDS = {DT_DOUBLE: "double_val", DT_INT64: "int64_val", DT_STRING: "string_val"}


def to_array(tensor):
    values = list(getattr(tensor, FIELDS[tensor.dtype]))
    if tensor.dtype == DT_STRING:
        values = [value.decode() for value in values]
    return numpy.array(values).reshape(list(tensor.tensor_shape.dims))


def to_tensor(array):
    array = numpy.asarray(array)
    shape = TensorShape(dims=array.shape)
    if array.dtype.kind == "U":
        return Tensor(dtype=DT_STRING, tensor_shape=shape, string_val=[str(value).encode() for value in array.flat])
    if array.dtype.kind == "i":
        return Tensor(dtype=DT_INT64, tensor_shape=shape, int64_val=array.flatten())
    return Tensor(dtype=DT_DOUBLE, tensor_shape=shape, double_val=array.flatten())


class Runtime(PredictionServiceServicer):
    def __init__(self, model_dir: Path):
        signature = ModelSignature.FromString((model_dir / "contract.protobin").read_bytes())
        sys.path.insert(0, str(model_dir / "files" / "src"))
        self.function = getattr(importlib.import_module("func_main"), signature.signature_name)

    def Predict(self, request, context):
        try:
            outputs = self.function(**{name: to_array(tensor) for name, tensor in request.inputs.items()})
            return PredictResponse(outputs={name: to_tensor(value) for name, value in outputs.items()})
        except ValueError as error:
            context.abort(grpc.StatusCode.OUT_OF_RANGE, repr(error))


def main() -> None:
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=10))
    add_PredictionServiceServicer_to_server(Runtime(Path(os.environ["MODEL_DIR"])), server)
    checks = health.HealthServicer()
    health_pb2_grpc.add_HealthServicer_to_server(checks, server)
    server.add_insecure_port(f"[::]:{os.environ['APP_PORT']}")
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    server.start()
    checks.set("", health_pb2.HealthCheckResponse.SERVING)
    stop.wait()
    server.stop(grace=5).wait()


if __name__ == "__main__":
    main()
