"""The values themselves. Fields and defaults are those of the protocol's messages."""

import enum
from typing import Any, List

from .record import REQUIRED, Record, list_of
from .tensor_data import TensorData


class Datatype(enum.Enum):
    BOOL = "BOOL"
    UINT8 = "UINT8"
    UINT16 = "UINT16"
    UINT32 = "UINT32"
    UINT64 = "UINT64"
    INT8 = "INT8"
    INT16 = "INT16"
    INT32 = "INT32"
    INT64 = "INT64"
    FP16 = "FP16"
    FP32 = "FP32"
    FP64 = "FP64"
    BYTES = "BYTES"


_DATATYPES = {datatype.value for datatype in Datatype}


def read_datatype(value: Any) -> str:
    """A datatype's name."""
    name = value.value if isinstance(value, Datatype) else value
    if name not in _DATATYPES:
        raise ValueError(f"{value!r} is not one of {', '.join(sorted(_DATATYPES))}")
    return name


def read_text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is not text")
    return value


def read_shape(value: Any) -> List[int]:
    """Sizes as plain integers, also those of numpy and whole floats."""
    shape = []
    for size in value:
        whole = int(size)
        if whole != (float(size) if isinstance(size, str) else size):
            raise ValueError(f"{size!r} is not a whole number")
        shape.append(whole)
    return shape


class Parameters(Record):
    FIELDS = {"content_type": (None, None), "headers": (None, None)}
    KEEPS_OTHERS = True

    # What the base does, without the loop: a request makes several.
    def __init__(self, content_type: Any = None, headers: Any = None, **others: Any) -> None:
        others["content_type"] = content_type
        others["headers"] = headers
        self.__dict__ = others


class MetadataTensor(Record):
    FIELDS = {
        "name": (REQUIRED, read_text),
        "datatype": (REQUIRED, read_datatype),
        "shape": (REQUIRED, read_shape),
        "parameters": (None, Parameters.read),
    }


class _Tensor(Record):
    FIELDS = {
        "name": (REQUIRED, read_text),
        "shape": (REQUIRED, read_shape),
        "datatype": (REQUIRED, read_datatype),
        "parameters": (None, Parameters.read),
        "data": (REQUIRED, TensorData),
    }


    @classmethod
    def trusted(cls, name, shape, datatype, parameters, data) -> Any:
        """One of values that were checked already."""
        made = cls.__new__(cls)
        made.__dict__ = {"name": name, "shape": shape, "datatype": datatype, "parameters": parameters, "data": data}
        return made


class RequestInput(_Tensor):
    """One tensor of a request."""


class ResponseOutput(_Tensor):
    """One tensor of a response."""


class RequestOutput(Record):
    FIELDS = {"name": (REQUIRED, read_text), "parameters": (None, Parameters.read)}


class InferenceRequest(Record):
    FIELDS = {
        "id": (None, read_text),
        "parameters": (None, Parameters.read),
        "inputs": (REQUIRED, list_of(RequestInput.read)),
        "outputs": (None, list_of(RequestOutput.read)),
    }

    @classmethod
    def trusted(cls, id, parameters, inputs, outputs) -> "InferenceRequest":
        """One of values that were checked already."""
        made = cls.__new__(cls)
        made.__dict__ = {"id": id, "parameters": parameters, "inputs": inputs, "outputs": outputs}
        return made


_PLAIN_MEMBERS = {"model_name", "model_version", "outputs"}


class InferenceResponse(Record):
    FIELDS = {
        "model_name": (REQUIRED, read_text),
        "model_version": (None, read_text),
        "id": (None, read_text),
        "parameters": (None, Parameters.read),
        "outputs": (REQUIRED, list_of(ResponseOutput.read)),
    }

    # The common case without the base's loop: outputs that are outputs already.
    def __init__(self, **given: Any) -> None:
        outputs = given.get("outputs")
        if (
            type(outputs) is list
            and type(given.get("model_name")) is str
            and given.keys() <= _PLAIN_MEMBERS
            and all(type(output) is ResponseOutput for output in outputs)
        ):
            self.__dict__ = {"model_version": None, "id": None, "parameters": None, **given}
        else:
            super().__init__(**given)


class InferenceErrorResponse(Record):
    FIELDS = {"error": (None, read_text)}


class MetadataModelResponse(Record):
    FIELDS = {
        "name": (REQUIRED, read_text),
        "versions": (None, list_of(read_text)),
        "platform": (REQUIRED, read_text),
        "inputs": (None, list_of(MetadataTensor.read)),
        "outputs": (None, list_of(MetadataTensor.read)),
        "parameters": (None, Parameters.read),
    }


class MetadataServerResponse(Record):
    FIELDS = {
        "name": (REQUIRED, read_text),
        "version": (REQUIRED, read_text),
        "extensions": (REQUIRED, list_of(read_text)),
    }


class State(enum.Enum):
    UNKNOWN = "UNKNOWN"
    READY = "READY"
    UNAVAILABLE = "UNAVAILABLE"
    LOADING = "LOADING"
    UNLOADING = "UNLOADING"


class RepositoryIndexRequest(Record):
    FIELDS = {"ready": (None, bool)}


class RepositoryIndexResponseItem(Record):
    FIELDS = {
        "name": (REQUIRED, read_text),
        "version": (None, read_text),
        "state": (REQUIRED, State),
        "reason": (REQUIRED, read_text),
    }


class RepositoryIndexResponse(list):
    """A list of items; `root` is the list itself."""

    def __init__(self, root: Any = ()) -> None:
        super().__init__(RepositoryIndexResponseItem.read(item) for item in root)

    @property
    def root(self) -> list:
        return self
