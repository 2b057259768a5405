"""A runtime of the second generation as its documentation teaches to write one, mended where it could not have run:
the contract is read as bytes into an instance, the model's folder is on the path, `PredictResponse` is imported by its
name, and the server waits for running calls when it ends.
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
        self.contract = contract
        self.log = logging.getLogger(type(self).__name__)
        sys.path.insert(0, os.path.join(files, "src"))

    def Predict(self, request, context):
        self.log.info("a request with inputs %s", sorted(request.inputs))
        function = getattr(importlib.import_module("func_main"), self.contract.predict.signature_name)
        answer = function(**request.inputs)
        if isinstance(answer, PredictResponse):
            return answer
        context.set_code(grpc.StatusCode.OUT_OF_RANGE)
        context.set_details(f"{type(answer).__name__} is not `PredictResponse`")
        return PredictResponse()


class ModelServer:
    def __init__(self, folder, port):
        self.log = logging.getLogger(type(self).__name__)
        self.port = port
        with open(os.path.join(folder, "contract.protobin"), "rb") as file:
            contract = ModelContract.FromString(file.read())
        self.service = ModelService(os.path.join(folder, "files"), contract)
        self.server = grpc.server(futures.ThreadPoolExecutor(max_workers=10))

    def start(self):
        self.log.info("serving on port %s", self.port)
        add_PredictionServiceServicer_to_server(self.service, self.server)
        self.server.add_insecure_port(f"[::]:{self.port}")
        self.server.start()

    def stop(self):
        self.server.stop(grace=5).wait()
