"""Requests and responses as frames carry them: tensors by reference, everything else in the header."""

import struct
from typing import Any, Dict, List, Optional, Tuple

import numpy as np

from .adapter import DTYPES, Request, RequestedOutput, Response, ServingError, Tensor

_LENGTH = struct.Struct("<I")
_BYTES_MAX = (1 << 32) - 5


def read_request(header: List, memory: object, offset: int, name: str, version: Optional[str]) -> Request:
    """A request whose tensors are views over `memory`; tensors start at multiples of 8 from `offset`."""
    id, parameters, headers, deadline_ms, described, wanted = header
    inputs = []
    for tensor_name, datatype, shape, size, tensor_parameters in described:
        if datatype == "BYTES":
            data = unpack_bytes(memory, offset, size)
        else:
            dtype = DTYPES[datatype]
            data = np.frombuffer(memory, dtype, size // dtype.itemsize, offset) if size else np.empty(0, dtype)
            if len(shape) != 1:
                data = data.reshape(shape)
        inputs.append(Tensor(tensor_name, datatype, shape, data, tensor_parameters))
        offset += size + (-size % 8)
    outputs = [RequestedOutput(*output) for output in wanted] if wanted else []
    deadline = deadline_ms / 1000 if deadline_ms is not None else None
    return Request(id, name, version, inputs, outputs, parameters, headers, deadline)


def write_response(response: Response) -> Tuple[List, List]:
    """Header and buffers of a response.

    Raises ServingError INTERNAL if the response cannot be sent as it is.
    """
    described: List[Tuple[str, str, List[int], int, Optional[Dict[str, Any]]]] = []
    buffers = []
    for tensor in response.outputs:
        datatype = tensor.datatype
        if datatype == "BYTES":
            count, buffer = pack_bytes(tensor)
            size = len(buffer)
        else:
            dtype = DTYPES.get(datatype)
            if dtype is None:
                raise wrong(tensor, f"has datatype {datatype}; allowed are {', '.join(DTYPES)} and BYTES")
            data = tensor.data
            if type(data) is not np.ndarray or data.dtype != dtype or not data.flags.c_contiguous:
                data = as_array(tensor, dtype)
            count, size, buffer = data.size, data.nbytes, data.reshape(-1).view(np.uint8) if data.size else b""
        expected = 1
        for dimension in tensor.shape:
            expected *= dimension
        if expected != count:
            raise wrong(tensor, f"has {count} elements; shape {list(tensor.shape)} needs exactly {expected}")
        described.append((tensor.name, datatype, [int(size) for size in tensor.shape], size, tensor.parameters or None))
        buffers.append(buffer)
    return [response.parameters or None, response.headers or None, described], buffers


def as_array(tensor: Tensor, dtype: np.dtype) -> np.ndarray:
    """The data as a contiguous array of exactly that type, converted only where every value stays what it is."""
    try:
        array = np.asarray(tensor.data)
        if array.dtype != dtype:
            converted = array.astype(dtype)
            rounds = array.dtype.kind == "f" and dtype.kind == "f"
            if not rounds and not np.can_cast(array.dtype, dtype, "safe") and not np.array_equal(converted, array):
                raise ValueError(f"values of {array.dtype} do not fit")
            array = converted
        return np.ascontiguousarray(array)
    except (TypeError, ValueError, OverflowError) as error:
        raise wrong(tensor, f"cannot be written as {tensor.datatype}: {error}") from error


def unpack_bytes(memory: object, offset: int, size: int) -> List[bytes]:
    view = memoryview(memory)[offset : offset + size]
    elements = []
    at = 0
    while at < size:
        (length,) = _LENGTH.unpack_from(view, at)
        at += 4
        elements.append(view[at : at + length].tobytes())
        at += length
    return elements


def pack_bytes(tensor: Tensor) -> Tuple[int, bytes]:
    pieces = []
    total = 0
    data = tensor.data
    if isinstance(data, (bytes, bytearray, str)):
        data = [data]
    elif isinstance(data, np.ndarray):
        data = data.reshape(-1).tolist()
    for index, element in enumerate(data):
        if isinstance(element, str):
            element = element.encode("utf-8", "surrogatepass")
        elif not isinstance(element, (bytes, bytearray, memoryview)):
            raise wrong(tensor, f"element {index} is {type(element).__name__}; BYTES holds bytes or str")
        length = len(element)
        total += length + 4
        if total > _BYTES_MAX:
            raise wrong(tensor, f"has more than {_BYTES_MAX} bytes")
        pieces.append(_LENGTH.pack(length))
        pieces.append(element)
    return len(pieces) // 2, b"".join(pieces)


def wrong(tensor: Tensor, what: str) -> ServingError:
    return ServingError("INTERNAL", f"the model's output '{tensor.name}' {what}")
