"""Requests and responses of the first two generations."""

from .model_pb2 import *  # noqa: F403
from .predict_pb2 import *  # noqa: F403
