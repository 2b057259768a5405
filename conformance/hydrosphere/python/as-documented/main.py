"""The runtime of the documentation with its mistakes: the contract is opened as text, and parsed by the class."""
import os
import time
from concurrent import futures

import grpc
from hydro_serving_grpc.contract.model_contract_pb2 import ModelContract
from hydro_serving_grpc.tf.api.prediction_service_pb2_grpc import (
    PredictionServiceServicer,
    add_PredictionServiceServicer_to_server,
)


class ModelServer:
    def __init__(self, folder, port):
        with open(os.path.join(folder, "contract.protobin")) as file:
            self.contract = ModelContract.ParseFromString(file.read())
        self.server = grpc.server(futures.ThreadPoolExecutor(max_workers=10))
        add_PredictionServiceServicer_to_server(PredictionServiceServicer(), self.server)
        self.server.add_insecure_port(f"[::]:{port}")


if __name__ == "__main__":
    print("the documented runtime starts", flush=True)
    ModelServer(os.getenv("MODEL_DIR", "/model"), os.getenv("APP_PORT", "9090")).server.start()
    time.sleep(24 * 60 * 60)
