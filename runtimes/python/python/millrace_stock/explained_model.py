"""A model behind a V2 address, as the function that an explainer asks."""

import json
import re
import ssl
import urllib.error
import urllib.request
from typing import Any, Dict, List, Optional, Union

import numpy as np
from mlserver.errors import MLServerError

#: The longest that one call may take, in seconds.
TIMEOUT_SECONDS = 60

_DATATYPES = {"b": "BOOL", "i": "INT", "u": "UINT", "f": "FP"}


class RemoteModel:
    """Called with rows (an array, or a list of texts), answers the array of one output.

    `output` names it; by default it is the first that the model declares, or else the first of the answer. The
    model's metadata is read once, before the first call. `certificates` is a file to trust instead of the system's.
    """

    def __init__(self, address: str, output: Optional[str], certificates: Optional[str]) -> None:
        if not address.startswith(("http://", "https://")):
            raise MLServerError(f"infer_uri is {address!r}; expected an address that starts with http:// or https://")
        self._address = address
        self._output = output
        self._context = ssl.create_default_context(cafile=certificates) if address.startswith("https:") else None
        self._metadata: Optional[Dict[str, Any]] = None

    def __call__(self, rows: Union[np.ndarray, List[str]]) -> np.ndarray:
        if self._metadata is None:
            # Pipelines have no metadata to ask for.
            is_pipeline = "/v2/pipelines/" in self._address
            self._metadata = {} if is_pipeline else self._ask(re.sub("/infer$", "", self._address), None)
        inputs = self._metadata.get("inputs") or [{"name": "predict"}]
        outputs = self._metadata.get("outputs") or []
        wanted = self._output or (outputs[0]["name"] if outputs else None)
        request: Dict[str, Any] = _request_of(inputs[0]["name"], rows)
        if wanted is not None:
            request["outputs"] = [{"name": wanted}]
        answer = self._ask(self._address, request)
        return _array_of(answer["outputs"][0])

    def _ask(self, address: str, body: Optional[Dict[str, Any]]) -> Any:
        data = None if body is None else json.dumps(body).encode()
        headers = {"content-type": "application/json", "Seldon-Skip-Logging": "true"}
        request = urllib.request.Request(address, data=data, headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS, context=self._context) as response:
                return json.load(response)
        except urllib.error.HTTPError as error:
            raise MLServerError(f"the explained model answers {error.code} {error.reason} at {address}") from error
        except (OSError, ValueError) as error:
            raise MLServerError(f"the explained model cannot be asked at {address}: {error}") from error


def _request_of(name: str, rows: Union[np.ndarray, List[str]]) -> Dict[str, Any]:
    if isinstance(rows, list):
        content = {"content_type": "str"}
        tensor = {"name": name, "shape": [len(rows), 1], "datatype": "BYTES", "data": rows, "parameters": content}
        return {"parameters": content, "inputs": [tensor]}
    rows = np.asarray(rows)
    letter = _DATATYPES.get(rows.dtype.kind)
    if letter is None:
        raise MLServerError(f"the explainer asks with {rows.dtype} values, which have no datatype")
    datatype = letter if letter == "BOOL" else f"{letter}{8 * rows.dtype.itemsize}"
    shape = list(rows.shape) if rows.ndim > 1 else [rows.size, 1]
    content = {"content_type": "np"}
    tensor = {
        "name": name,
        "shape": shape,
        "datatype": datatype,
        "data": rows.ravel().tolist(),
        "parameters": content,
    }
    return {"parameters": content, "inputs": [tensor]}


def _array_of(output: Dict[str, Any]) -> np.ndarray:
    array = np.array(output["data"]).reshape(output["shape"])
    # A column of single values is a vector to an explainer.
    return array.reshape(array.shape[:-1]) if array.ndim > 1 and array.shape[-1] == 1 else array
