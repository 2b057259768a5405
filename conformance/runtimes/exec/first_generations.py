"""A runtime of Hydrosphere's first and second generation, written after the service that its documentation shows.

It takes the model's folder from MODEL_DIR and the port from APP_PORT, imports `func_main` once before it listens, and has
the functions take tensors and give a PredictResponse. With WITH_STATUS=1 it has the second generation's Status.
"""
import importlib
import os
import signal
import sys
import threading
from concurrent import futures
from pathlib import Path

import grpc
from hydro_serving_grpc.contract.model_contract_pb2 import ModelContract
from hydro_serving_grpc.tf.api.predict_pb2 import PredictResponse
from hydro_serving_grpc.tf.api.prediction_service_pb2 import StatusResponse
from hydro_serving_grpc.tf.api.prediction_service_pb2_grpc import (
    PredictionServiceServicer,
    add_PredictionServiceServicer_to_server,
)

MESSAGE_BYTES = 256 * 1024 * 1024


class Runtime(PredictionServiceServicer):
    def __init__(self, model_dir: Path):
        self.contract = ModelContract.FromString((model_dir / "contract.protobin").read_bytes())
        sys.path.insert(0, str(model_dir / "files" / "src"))
        self.functions = importlib.import_module("func_main")

    def Predict(self, request, context):
        name = request.model_spec.signature_name or self.contract.predict.signature_name
        function = getattr(self.functions, name, None)
        if function is None:
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, f"{name} signature is not present in the model")
        try:
            result = function(**request.inputs)
        except Exception as error:
            context.abort(grpc.StatusCode.INTERNAL, repr(error))
        if not isinstance(result, PredictResponse):
            context.abort(grpc.StatusCode.OUT_OF_RANGE, f"{name} gave {type(result).__name__}, not PredictResponse")
        return result

    def Status(self, request, context):
        if os.environ.get("WITH_STATUS") != "1":
            context.abort(grpc.StatusCode.UNIMPLEMENTED, "Method not found!")
        return StatusResponse(status=StatusResponse.SERVING, message="func_main is there")


def main() -> None:
    limits = [("grpc.max_receive_message_length", MESSAGE_BYTES), ("grpc.max_send_message_length", MESSAGE_BYTES)]
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=10), options=limits)
    add_PredictionServiceServicer_to_server(Runtime(Path(os.environ.get("MODEL_DIR", "/model"))), server)
    server.add_insecure_port(f"[::]:{os.environ.get('APP_PORT', '9091')}")
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    server.start()
    print("listening", flush=True)
    stop.wait()
    server.stop(grace=5).wait()
    print("stopped", flush=True)


if __name__ == "__main__":
    main()
