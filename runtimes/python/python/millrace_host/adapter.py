"""The seam between the process and a kind of model: plain requests in, plain responses out.

An adapter is a module of `millrace_host.adapters` named like its kind, with one function:

    def create(spec: LoadSpec, host: Host) -> Adapter

The module is imported only when a model of its kind is loaded. What `create` raises is a failure to load.
Everything runs on the process's asyncio loop; what blocks is to be given to an executor, if other requests of the same
process are to go on meanwhile.
"""

from typing import Any, AsyncIterator, Callable, Dict, List, NamedTuple, Optional, Union

import numpy as np

#: Elements of BYTES tensors, in the order of the flattened shape.
BytesList = List[bytes]

#: The numpy type that holds each datatype; BF16 is held as its 16 bits, BYTES as a list of bytes.
DTYPES = {
    "BOOL": np.dtype(np.bool_),
    "UINT8": np.dtype("<u1"),
    "UINT16": np.dtype("<u2"),
    "UINT32": np.dtype("<u4"),
    "UINT64": np.dtype("<u8"),
    "INT8": np.dtype("<i1"),
    "INT16": np.dtype("<i2"),
    "INT32": np.dtype("<i4"),
    "INT64": np.dtype("<i8"),
    "FP16": np.dtype("<f2"),
    "FP32": np.dtype("<f4"),
    "FP64": np.dtype("<f8"),
    "BF16": np.dtype("<u2"),
}

#: The datatype of each numpy type above (BF16 apart).
DATATYPES = {dtype: name for name, dtype in DTYPES.items() if name != "BF16"}


class Tensor:
    """A named tensor.

    `data` of a request is a numpy array of exactly `shape` (a writable view over the bytes that came in, which stay
    as long as the array does), or a list of `bytes` for BYTES. `data` of a response may be any numpy array with as
    many elements as `shape` says and the datatype's dtype, or for BYTES a list of `bytes` or `str`.
    """

    __slots__ = ("name", "datatype", "shape", "data", "parameters")

    def __init__(
        self,
        name: str,
        datatype: str,
        shape: List[int],
        data: Union[np.ndarray, BytesList],
        parameters: Optional[Dict[str, Any]] = None,
    ) -> None:
        self.name = name
        self.datatype = datatype
        self.shape = shape
        self.data = data
        self.parameters = parameters

    def __repr__(self) -> str:
        return f"Tensor({self.name!r}, {self.datatype}, {self.shape})"


class RequestedOutput(NamedTuple):
    """An output that the client asked for by name."""

    name: str
    parameters: Optional[Dict[str, Any]] = None


class Request:
    """One inference request. `outputs` is empty if every output is wanted; names in `headers` are in lower case.

    `deadline` is when the answer must be there, in seconds since the epoch; None without a limit.
    """

    __slots__ = ("id", "model_name", "model_version", "inputs", "outputs", "parameters", "headers", "deadline")

    def __init__(
        self,
        id: Optional[str],
        model_name: str,
        model_version: Optional[str],
        inputs: List[Tensor],
        outputs: List[RequestedOutput],
        parameters: Optional[Dict[str, Any]],
        headers: Dict[str, str],
        deadline: Optional[float] = None,
    ) -> None:
        self.id = id
        self.model_name = model_name
        self.model_version = model_version
        self.inputs = inputs
        self.outputs = outputs
        self.parameters = parameters
        self.headers = headers
        self.deadline = deadline


class Response:
    """What a model answers. `headers` go out as response headers, or as trailing metadata."""

    __slots__ = ("outputs", "parameters", "headers")

    def __init__(
        self,
        outputs: List[Tensor],
        parameters: Optional[Dict[str, Any]] = None,
        headers: Optional[Dict[str, str]] = None,
    ) -> None:
        self.outputs = outputs
        self.parameters = parameters
        self.headers = headers


class RouteRequest(NamedTuple):
    """A request to an HTTP route of the model's own; `query` holds every value of every name."""

    method: str
    path: str
    params: Dict[str, str]
    query: Dict[str, List[str]]
    headers: Dict[str, str]
    body: bytes


class RouteResponse(NamedTuple):
    """What a route answers; `content_type` None leaves the response without one."""

    status: int = 200
    body: bytes = b""
    content_type: Optional[str] = "application/json"
    headers: Optional[Dict[str, str]] = None


class Route(NamedTuple):
    """An HTTP route of the model's own. `path` may have `:name` segments; `handle` is async, RouteRequest → RouteResponse."""

    method: str
    path: str
    handle: Callable


class TensorMetadata(NamedTuple):
    """One input or output as the model's metadata shows it; -1 in `shape` is a dimension of any size."""

    name: str
    datatype: str
    shape: List[int]
    parameters: Optional[Dict[str, Any]] = None


class ServingError(Exception):
    """An error for the client: `code` is one of Millrace's (INVALID_ARGUMENT, NOT_FOUND, INTERNAL, …).

    `http_status`, 400 to 599, is what REST answers instead of the code's own status.
    """

    def __init__(self, code: str, message: str, http_status: Optional[int] = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.http_status = http_status


class LoadSpec(NamedTuple):
    """What to load.

    `settings` is the model's settings under the names of `model-settings.json`, with `parameters` whole and
    `parameters.uri` absolute. `folder` holds the settings file. `import_paths` are on `sys.path` already.
    `implementation` and `options` mean what the adapter says.
    """

    kind: str
    implementation: str
    folder: str
    import_paths: List[str]
    settings: Dict[str, Any]
    options: Dict[str, Any]
    allows_pickle: bool = False


class Host:
    """What the process offers to adapters and, through them, to models."""

    def log(self, level: str, message: str) -> None:
        """Writes to the model's log; `level` is debug, info, warn or error."""
        raise NotImplementedError

    def observe(self, name: str, value: float, description: str = "") -> None:
        """Adds a value to the histogram of that name, making it if it is new."""
        raise NotImplementedError


class Adapter:
    """A model in the form that the process drives. `inputs`, `outputs` and `routes` are read once after `load`.

    An exception is answered as INTERNAL with `Type: text`, unless it is a ServingError, and its traceback is logged.
    When a client goes away the task that `predict` runs in is cancelled.
    """

    #: None leaves what the settings declare.
    inputs: Optional[List[TensorMetadata]] = None
    outputs: Optional[List[TensorMetadata]] = None
    routes: List[Route] = []

    async def load(self) -> bool:
        """True when the model can answer."""
        return True

    async def predict(self, request: Request) -> Response:
        raise NotImplementedError

    async def predict_stream(self, requests: AsyncIterator[Request]) -> AsyncIterator[Response]:
        """Default: one `predict` per request."""
        async for request in requests:
            yield await self.predict(request)

    async def unload(self) -> None:
        """Called once, after the last request."""
