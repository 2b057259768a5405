"""Tensors of the first two generations."""

from .tensor_pb2 import *  # noqa: F403
from .tensor_shape_pb2 import *  # noqa: F403
from .types_pb2 import *  # noqa: F403
