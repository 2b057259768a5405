"""Requests and responses of the first two generations."""

from ...message import Message, map_of, one
from ..tensor_pb2 import TensorProto
from .model_pb2 import ModelSpec

__all__ = ["PredictRequest", "PredictResponse"]


class PredictRequest(Message):
    FIELDS = {"model_spec": one(ModelSpec), "inputs": map_of(TensorProto)}


class PredictResponse(Message):
    FIELDS = {"outputs": map_of(TensorProto)}
