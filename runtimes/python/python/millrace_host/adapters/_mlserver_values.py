"""Between plain requests and the values of the `mlserver` package."""

from typing import Any, Dict, List, Optional

import numpy as np

from ..adapter import DTYPES, Request, Response, ServingError, Tensor
from ..wire import as_array
from ._mlserver_package import is_lazy, make_lazy_data, teach_numpy_codec


class ValueMaker:
    """Makes requests of whichever `mlserver` there is; with our own, tensors stay the memory they came in."""

    def __init__(self) -> None:
        from mlserver import types

        self._types = types
        self._is_ours = hasattr(types.TensorData, "of_array")
        if not self._is_ours:
            self._lazy_data = make_lazy_data(types)
            teach_numpy_codec(self._lazy_data)
        self._datatypes = {datatype.value for datatype in types.Datatype}

    def request(self, request: Request) -> Any:
        types = self._types
        parameters = types.Parameters(**{**(request.parameters or {}), "headers": request.headers})
        is_text = not is_grpc(request.headers)
        inputs = [self._input(tensor, is_text) for tensor in request.inputs]
        outputs = None
        if request.outputs:
            outputs = [
                types.RequestOutput(name=output.name, parameters=self._parameters(output.parameters))
                for output in request.outputs
            ]
        if self._is_ours:
            return types.InferenceRequest.trusted(request.id, parameters, inputs, outputs)
        return types.InferenceRequest.model_construct(
            id=request.id, parameters=parameters, inputs=inputs, outputs=outputs
        )

    def _parameters(self, parameters: Optional[Dict[str, Any]]) -> Any:
        return None if parameters is None else self._types.Parameters(**parameters)

    def _input(self, tensor: Tensor, is_text: bool) -> Any:
        if tensor.datatype not in self._datatypes:
            raise ServingError(
                "INVALID_ARGUMENT", f"input '{tensor.name}' is {tensor.datatype}, which MLServer's classes do not know"
            )
        parameters = self._parameters(tensor.parameters)
        types = self._types
        if tensor.datatype == "BYTES":
            elements = texts(tensor.data) if is_text else tensor.data
            data = types.TensorData(elements) if self._is_ours else types.TensorData.model_construct(root=elements)
        elif self._is_ours:
            data = types.TensorData.of_array(tensor.data)
        elif is_lazy(tensor):
            data = self._lazy_data.of_array(tensor.data)
        else:
            data = types.TensorData.model_construct(root=tensor.data.reshape(-1).tolist())
        if self._is_ours:
            return types.RequestInput.trusted(tensor.name, tensor.shape, tensor.datatype, parameters, data)
        return types.RequestInput.model_construct(
            name=tensor.name, shape=tensor.shape, datatype=tensor.datatype, parameters=parameters, data=data
        )


def is_grpc(headers: Dict[str, str]) -> bool:
    """Over gRPC the elements of BYTES reach a class as bytes, over REST as the text that JSON has."""
    return headers.get("content-type", "").startswith("application/grpc") or "grpc-" in headers.get("user-agent", "")


def texts(elements: List[bytes]) -> List[Any]:
    try:
        return [element.decode() for element in elements]
    except UnicodeDecodeError:
        return elements


def read_parameters(parameters: Any) -> Optional[Dict[str, Any]]:
    """Without the members that are None; None if nothing is left."""
    if parameters is None:
        return None
    # Of our own, the members as they are; the frame's header takes them apart.
    values = parameters.__dict__ if hasattr(parameters, "KEEPS_OTHERS") else parameters
    if not isinstance(values, dict):
        values = values.model_dump()
    kept = {name: value for name, value in values.items() if value is not None and not name.startswith("_")}
    return kept or None


def read_response(answer: Any) -> Response:
    if not hasattr(answer, "outputs"):
        raise ServingError("INTERNAL", f"predict returned {type(answer).__name__}; expected an InferenceResponse")
    parameters = read_parameters(answer.parameters)
    headers = None
    if parameters is not None and "headers" in parameters:
        headers = {str(name): str(value) for name, value in parameters.pop("headers").items()}
    return Response([read_output(output) for output in answer.outputs], parameters, headers)


def read_output(output: Any) -> Tensor:
    datatype = getattr(output.datatype, "value", output.datatype)
    tensor = Tensor(output.name, datatype, output.shape, None, read_parameters(output.parameters))
    data = output.data
    # Ours and the lazy kind have one; None once it was read as a list.
    array = getattr(data, "array", None)
    root = array if array is not None else getattr(data, "root", data)
    if datatype == "BYTES":
        tensor.data = flat(root)
    elif isinstance(root, np.ndarray):
        tensor.data = root
    elif isinstance(root, (bytes, bytearray)):
        tensor.data = np.frombuffer(root, DTYPES[datatype])
    else:
        tensor.data = numbers(tensor, flat(root))
    return tensor


def flat(root: Any) -> List[Any]:
    if isinstance(root, np.ndarray):
        return root.reshape(-1).tolist()
    if not isinstance(root, (list, tuple)):
        return [root]
    if not any(isinstance(value, (list, tuple, np.ndarray)) for value in root):
        return list(root)
    return [item for value in root for item in flat(value)]


def numbers(tensor: Tensor, values: List[Any]) -> np.ndarray:
    """The array of a list. Raises ServingError INTERNAL for a value that the datatype does not have."""
    dtype = DTYPES[tensor.datatype]
    if dtype.kind == "f":
        try:
            return np.array([np.nan if value is None else value for value in values], dtype)
        except (TypeError, ValueError):
            pass
    elif dtype.kind in "iu" and all(type(value) is int for value in values):
        limits = np.iinfo(dtype)
        # In a list with both signs, numpy takes large ones for floats.
        if all(limits.min <= value <= limits.max for value in values):
            return np.array(values, dtype)
    tensor.data = values
    return as_array(tensor, dtype)
