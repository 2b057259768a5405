"""Tensors as numpy arrays and scalars, in either direction."""

from typing import Any

import numpy as np
from millrace_host.adapter import ServingError, Tensor

from .data_types import BY_DTYPE
from .messages import Unconvertible, from_message, is_message


def to_array(tensor: Tensor) -> Any:
    """The array of a request's tensor, its text as `str`; a scalar for a tensor without dimensions."""
    if tensor.datatype == "BYTES":
        try:
            values = [value.decode("utf-8") for value in tensor.data]
        except UnicodeDecodeError as error:
            raise ServingError("INVALID_ARGUMENT", f"input '{tensor.name}' holds bytes that are not UTF-8: {error}") from error
        array = np.array(values, dtype=str).reshape(tensor.shape)
    elif tensor.datatype == "BF16":
        raise ServingError("INVALID_ARGUMENT", f"input '{tensor.name}' has datatype BF16, which numpy does not have")
    else:
        array = np.asarray(tensor.data).reshape(tensor.shape)
    return array[()] if len(tensor.shape) == 0 else array


def from_value(name: str, value: Any) -> Tensor:
    """The tensor of what a function answers: an array, a number, a text, or a tensor's message.

    Raises Unconvertible for everything else; so for arrays of objects, and for complex numbers.
    """
    if is_message(value):
        return from_message(name, value)
    if isinstance(value, (dict, set, type(None))):
        raise Unconvertible(f"output '{name}' is a {type(value).__name__}; expected an array, a number or text")
    try:
        array = np.asarray(value)
    except ValueError as error:
        raise Unconvertible(f"output '{name}' is no array: {error}") from error
    shape = list(array.shape)
    if array.dtype.kind == "U":
        return Tensor(name, "BYTES", shape, [text.encode("utf-8") for text in array.reshape(-1).tolist()])
    if array.dtype.kind == "S":
        return Tensor(name, "BYTES", shape, array.reshape(-1).tolist())
    kind = BY_DTYPE.get(array.dtype.newbyteorder("<"))
    if kind is None:
        hint = "; text columns become one with .astype(str)" if array.dtype.kind == "O" else ""
        raise Unconvertible(f"output '{name}' is an array of {array.dtype}, which is not served{hint}")
    return Tensor(name, kind.datatype, shape, array)
