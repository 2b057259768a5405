"""A runtime of the first generation as its documentation teaches to write one, mended as that of the second is. A contract
has several signatures; the request says which one is meant.
"""
import importlib
import logging
import os
import sys
from concurrent import futures

import grpc
from hydro_serving_grpc.contract.model_contract_pb2 import ModelContract
from hydro_serving_grpc.tf.api.predict_pb2 import PredictResponse
from hydro_serving_grpc.tf.api.prediction_service_pb2_grpc import (
    PredictionServiceServicer,
    add_PredictionServiceServicer_to_server,
)


class ModelService(PredictionServiceServicer):
    def __init__(self, files, contract):
        self.signatures = {signature.signature_name for signature in contract.signatures}
        sys.path.insert(0, os.path.join(files, "src"))

    def Predict(self, request, context):
        wanted = request.model_spec.signature_name
        logging.info("asked for %s", wanted)
        if wanted not in self.signatures:
            return refuse(context, grpc.StatusCode.INVALID_ARGUMENT, f"{wanted} is not present in the model")
        answer = getattr(importlib.import_module("func_main"), wanted)(**request.inputs)
        if not isinstance(answer, PredictResponse):
            return refuse(context, grpc.StatusCode.OUT_OF_RANGE, f"{type(answer).__name__} is not `PredictResponse`")
        return answer


def refuse(context, code, details):
    context.set_code(code)
    context.set_details(details)
    return PredictResponse()


class ModelServer:
    def __init__(self, folder, port):
        with open(os.path.join(folder, "contract.protobin"), "rb") as file:
            contract = ModelContract.FromString(file.read())
        self.server = grpc.server(futures.ThreadPoolExecutor(max_workers=10))
        add_PredictionServiceServicer_to_server(ModelService(os.path.join(folder, "files"), contract), self.server)
        self.server.add_insecure_port(f"[::]:{port}")
        logging.info("serving on port %s", port)

    def start(self):
        self.server.start()

    def stop(self):
        self.server.stop(grace=5).wait()
