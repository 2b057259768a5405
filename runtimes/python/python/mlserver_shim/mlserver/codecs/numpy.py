"""`np`: a tensor as an array."""

from typing import Any, List

import numpy as np

from ..types import Parameters, RequestInput, ResponseOutput, TensorData
from .base import InputCodec, register_input_codec, register_request_codec
from .decoding import SingleInputRequestCodec
from .errors import CodecError
from .lists import as_list, flatten, to_bytes, with_batch_dimension

_TYPES = {
    "BOOL": "bool",
    "UINT8": "uint8",
    "UINT16": "uint16",
    "UINT32": "uint32",
    "UINT64": "uint64",
    "INT8": "int8",
    "INT16": "int16",
    "INT32": "int32",
    "INT64": "int64",
    "FP16": "float16",
    "FP32": "float32",
    "FP64": "float64",
}
_DATATYPES = {np.dtype(name): datatype for datatype, name in _TYPES.items()}


def to_dtype(tensor: Any) -> np.dtype:
    """The numpy type of a tensor's elements; for BYTES that of its text or bytes."""
    if tensor.datatype == "BYTES":
        return np.array(as_list(tensor.data)).dtype
    return np.dtype(_TYPES[tensor.datatype])


def to_datatype(dtype: np.dtype) -> str:
    """The datatype that holds this numpy type. Raises CodecError if none does."""
    datatype = _DATATYPES.get(dtype)
    if datatype is None:
        if dtype.kind in "SUOT":
            return "BYTES"
        raise CodecError(f"no datatype holds arrays of {dtype}; allowed are {', '.join(_TYPES.values())}, text and bytes")
    return datatype


def to_array(tensor: Any) -> np.ndarray:
    """A tensor's elements in its shape; a view where they came in as memory."""
    data = tensor.data
    array = data.array if isinstance(data, TensorData) else None
    if array is not None and tensor.datatype != "BYTES":
        return array if list(array.shape) == tensor.shape else array.reshape(tensor.shape)
    if tensor.datatype == "BYTES":
        return np.array(as_list(data)).reshape(tensor.shape)
    root = getattr(data, "root", data)
    dtype = np.dtype(_TYPES[tensor.datatype])
    if isinstance(root, (bytes, bytearray)):
        return np.frombuffer(root, dtype).reshape(tensor.shape)
    if isinstance(root, (list, tuple)) and dtype.kind == "f":
        root = [np.nan if value is None else value for value in flatten(root)]
    return np.array(root, dtype).reshape(tensor.shape)


def to_data(array: np.ndarray) -> Any:
    if array.dtype.kind in "SUT":
        return [to_bytes(value) for value in array.reshape(-1).tolist()]
    if array.dtype.kind == "O":
        return array.reshape(-1).tolist()
    return TensorData.of_array(array)


def to_shape(array: np.ndarray) -> List[int]:
    return with_batch_dimension(list(array.shape)) or [1]


@register_input_codec
class NumpyCodec(InputCodec):
    ContentType = "np"
    TypeHint = np.ndarray

    @classmethod
    def can_encode(cls, payload: Any) -> bool:
        return isinstance(payload, np.ndarray)

    @classmethod
    def encode_output(cls, name: str, payload: np.ndarray, **kwargs: Any) -> ResponseOutput:
        return cls._made(ResponseOutput, name, payload)

    @classmethod
    def encode_input(cls, name: str, payload: np.ndarray, **kwargs: Any) -> RequestInput:
        return cls._made(RequestInput, name, payload)

    @classmethod
    def decode_input(cls, request_input: RequestInput) -> np.ndarray:
        return to_array(request_input)

    @classmethod
    def decode_output(cls, response_output: ResponseOutput) -> np.ndarray:
        return to_array(response_output)

    @classmethod
    def _made(cls, kind: Any, name: str, payload: np.ndarray) -> Any:
        data = to_data(payload)
        parameters = Parameters(content_type=cls.ContentType)
        if not isinstance(data, TensorData):
            data = TensorData(data)
        return kind.trusted(name, to_shape(payload), to_datatype(payload.dtype), parameters, data)


@register_request_codec
class NumpyRequestCodec(SingleInputRequestCodec):
    InputCodec = NumpyCodec
    ContentType = NumpyCodec.ContentType
    TypeHint = NumpyCodec.TypeHint
