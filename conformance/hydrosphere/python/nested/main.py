"""A runtime of the second generation that understands nested fields: it makes every customer in an array a year older, and
tells of the oldest.
"""
import os
import threading
from concurrent import futures

import grpc
from hydro_serving_grpc.tf.api.predict_pb2 import PredictResponse
from hydro_serving_grpc.tf.api.prediction_service_pb2_grpc import (
    PredictionServiceServicer,
    add_PredictionServiceServicer_to_server,
)
from hydro_serving_grpc.tf.tensor_pb2 import TensorProto
from hydro_serving_grpc.tf.types_pb2 import DT_MAP


class Birthdays(PredictionServiceServicer):
    def Predict(self, request, context):
        customers = request.inputs["customers"]
        for customer in customers.map_val:
            customer.subtensors["age"].int_val[0] += 1
        oldest = TensorProto(dtype=DT_MAP)
        oldest.tensor_shape.SetInParent()
        oldest.map_val.append(max(customers.map_val, key=lambda customer: customer.subtensors["age"].int_val[0]))
        return PredictResponse(outputs={"customers": customers, "oldest": oldest})


server = grpc.server(futures.ThreadPoolExecutor(max_workers=2))
add_PredictionServiceServicer_to_server(Birthdays(), server)
server.add_insecure_port(f"[::]:{os.environ['APP_PORT']}")
server.start()
threading.Event().wait()
