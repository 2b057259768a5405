"""Requests and responses of the third generation."""

from ...message import Message, map_of
from ..contract.tensor_pb2 import Tensor

__all__ = ["PredictRequest", "PredictResponse"]


class PredictRequest(Message):
    FIELDS = {"inputs": map_of(Tensor)}


class PredictResponse(Message):
    FIELDS = {"outputs": map_of(Tensor)}
