"""Tensors as messages of `hydro_serving_grpc`, its own or those of the stand-in."""

import importlib
import importlib.util
import os
import sys
from typing import Any, List

import numpy as np
from millrace_host.adapter import ServingError, Tensor

from .data_types import BY_DATATYPE, BY_NUMBER, UNSERVED

STAND_IN = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "hydro_serving_shim")


class Unconvertible(ValueError):
    """What a function answered is no tensor."""


def offer_messages() -> bool:
    """Makes `hydro_serving_grpc` importable; True if the stand-in is what is found."""
    if importlib.util.find_spec("hydro_serving_grpc") is None:
        sys.path.append(STAND_IN)
        importlib.invalidate_caches()
    return STAND_IN in sys.path


def prediction_class() -> Any:
    """`PredictResponse` of the first two generations."""
    return importlib.import_module("hydro_serving_grpc.tf.api.predict_pb2").PredictResponse


def to_message(tensor: Tensor) -> Any:
    """The TensorProto of a request's tensor."""
    kind = BY_DATATYPE.get(tensor.datatype)
    if kind is None:
        raise ServingError(
            "INVALID_ARGUMENT",
            f"input '{tensor.name}' has datatype {tensor.datatype}, which a TensorProto cannot hold; "
            f"allowed are {', '.join(BY_DATATYPE)}",
        )
    tensors = importlib.import_module("hydro_serving_grpc.tf.tensor_pb2")
    shapes = importlib.import_module("hydro_serving_grpc.tf.tensor_shape_pb2")
    message = tensors.TensorProto(dtype=kind.number, tensor_shape=shapes.TensorShapeProto())
    for size in tensor.shape:
        message.tensor_shape.dim.add(size=size)
    getattr(message, kind.field).extend(_elements(tensor, kind.name))
    return message


def _elements(tensor: Tensor, name: str) -> Any:
    if isinstance(tensor.data, list):
        return tensor.data
    flat = np.asarray(tensor.data).reshape(-1)
    if name == "DT_HALF":
        flat = flat.view("<u2")
    # The library takes Python's own values only; the stand-in checks an array faster.
    return flat if STAND_IN in sys.path and name != "DT_BOOL" else flat.tolist()


def is_message(value: Any) -> bool:
    """Whether a value is a tensor's message, of any generation."""
    return type(value).__name__ in ("TensorProto", "Tensor") and hasattr(value, "tensor_shape")


def from_message(name: str, message: Any) -> Tensor:
    """The tensor of a message that a function answers. A message without a shape is a vector.

    Raises Unconvertible for datatypes that have no counterpart, and for values that do not fill the shape.
    """
    kind = BY_NUMBER.get(message.dtype)
    if kind is None:
        raise Unconvertible(f"output '{name}' has dtype {UNSERVED.get(message.dtype, message.dtype)}, which is not served")
    values = getattr(message, kind.field)
    if kind.dtype is None:
        data: Any = list(values)
    elif len(values) == 0 and _content(message):
        if len(_content(message)) % kind.dtype.itemsize != 0:
            raise Unconvertible(f"output '{name}' has {len(_content(message))} bytes of {kind.name}, which is no whole number of values")
        data = np.frombuffer(_content(message), dtype=kind.dtype)
    elif kind.name == "DT_HALF":
        data = np.array(list(values), dtype="<u2").view("<f2")
    else:
        try:
            data = np.array(list(values), dtype=kind.dtype)
        except OverflowError as error:
            raise Unconvertible(f"output '{name}' has dtype {kind.name} and a value that does not fit: {error}") from error
    return Tensor(name, kind.datatype, _shape(name, message, len(data)), data)


def _content(message: Any) -> bytes:
    """The memory image of the values, which old messages and new ones call differently."""
    return getattr(message, "tensor_content", None) or getattr(message, "binary_val", b"")


def _shape(name: str, message: Any, count: int) -> List[int]:
    if not message.HasField("tensor_shape"):
        return [count]
    shape = message.tensor_shape
    if getattr(shape, "unknown_rank", False):
        return [count]
    dims = [dim.size for dim in shape.dim] if hasattr(shape, "dim") else list(shape.dims)
    known = 1
    for size in dims:
        known *= size if size >= 0 else 1
    free = dims.count(-1)
    if free == 1 and known > 0 and count % known == 0:
        return [count // known if size == -1 else size for size in dims]
    if free > 0 or known != count or any(size < -1 for size in dims):
        raise Unconvertible(f"output '{name}' has shape {dims} and {count} values")
    return dims
