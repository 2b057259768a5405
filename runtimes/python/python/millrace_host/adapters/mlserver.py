"""`mlserver`: classes that extend `mlserver.MLModel`, of MLServer itself or of our own subset of its interface.

`implementation` is `module.Class`, `module:Class`, or `./file.py:Class` beside the settings file. `options` are not used.
"""

import importlib
import importlib.util
import logging
import os
import sys
from typing import Any, AsyncIterator, Dict, List, Optional

from ..adapter import Adapter, Host, LoadSpec, Request, Response, ServingError, TensorMetadata
from ._mlserver_routes import routes_of
from ._mlserver_values import ValueMaker, read_parameters, read_response

#: What each HTTP status of a declared error is called; others go by their hundred.
_CODES = {
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    409: "ALREADY_EXISTS",
    422: "FAILED_PRECONDITION",
    429: "RESOURCE_EXHAUSTED",
    499: "CANCELLED",
    501: "UNIMPLEMENTED",
    503: "UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
}


def create(spec: LoadSpec, host: Host) -> "MLServerAdapter":
    import mlserver

    forward_metrics(mlserver, host)
    forward_log(host)
    return MLServerAdapter(spec, import_class(spec.implementation, spec.folder))


class MLServerAdapter(Adapter):
    def __init__(self, spec: LoadSpec, model_class: Any) -> None:
        from mlserver.errors import MLServerError

        self._spec = spec
        self._class = model_class
        self._declared_error = MLServerError
        self._maker = ValueMaker()
        self._model: Any = None

    async def load(self) -> bool:
        model = self._model = self._class(make_settings(self._spec, self._class))
        try:
            is_ready = await model.load()
        except self._declared_error as error:
            raise self._told(error) from error
        # A load that says nothing has nothing to complain about.
        model.ready = is_ready is None or bool(is_ready)
        self.inputs = tensor_metadata(model.inputs)
        self.outputs = tensor_metadata(model.outputs)
        self.routes = routes_of(model)
        return model.ready

    async def predict(self, request: Request) -> Response:
        try:
            answer = await self._model.predict(self._maker.request(request))
        except self._declared_error as error:
            raise self._told(error) from None
        return self._response(answer)

    async def predict_stream(self, requests: AsyncIterator[Request]) -> AsyncIterator[Response]:
        async def payloads() -> AsyncIterator[Any]:
            async for request in requests:
                yield self._maker.request(request)

        answers = self._model.predict_stream(payloads())
        try:
            async for answer in answers:
                yield self._response(answer)
        except self._declared_error as error:
            raise self._told(error) from None
        finally:
            if hasattr(answers, "aclose"):
                await answers.aclose()

    async def unload(self) -> None:
        if self._model is not None:
            await self._model.unload()

    def _response(self, answer: Any) -> Response:
        if answer is None:
            name = self._spec.settings["name"]
            raise ServingError("INVALID_ARGUMENT", f"Model '{name}' returned no predictions after inference")
        return read_response(answer)

    def _told(self, error: Any) -> ServingError:
        return declared(getattr(error, "status_code", 400), str(error))


def declared(status: Any, text: str) -> ServingError:
    """An error that the model's author gave a status."""
    if not isinstance(status, int) or not 400 <= status <= 599:
        return ServingError("INTERNAL", f"{text} (with status {status!r}; one of an error is from 400 to 599)")
    code = _CODES.get(status, "INVALID_ARGUMENT" if status < 500 else "INTERNAL")
    return ServingError(code, text, status)


def import_class(implementation: str, folder: str) -> Any:
    """The class that the implementation names. What its module raises goes on as it is."""
    module_name, separator, class_name = implementation.rpartition(":" if ":" in implementation else ".")
    if not separator or not module_name or not class_name:
        raise ServingError(
            "FAILED_PRECONDITION",
            f"implementation '{implementation}' names no class; expected module.Class or ./file.py:Class",
        )
    if module_name.endswith(".py"):
        module = import_file(os.path.normpath(os.path.join(folder, module_name)))
    else:
        module = importlib.import_module(module_name)
    model_class = getattr(module, class_name, None)
    if model_class is None:
        place = getattr(module, "__file__", None) or module_name
        raise ServingError("FAILED_PRECONDITION", f"{place} has no '{class_name}', which '{implementation}' names")
    if not callable(getattr(model_class, "predict", None)) and not hasattr(model_class, "predict_stream"):
        raise ServingError("FAILED_PRECONDITION", f"'{implementation}' is no model: it has neither predict nor predict_stream")
    return model_class


def import_file(path: str) -> Any:
    if not os.path.isfile(path):
        raise ServingError("FAILED_PRECONDITION", f"the implementation's file {path} does not exist")
    folder = os.path.dirname(path)
    if folder not in sys.path:
        sys.path.insert(0, folder)
    name = os.path.splitext(os.path.basename(path))[0]
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    # Before it runs, as an import statement does: dataclasses and pickles look their module up.
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def make_settings(spec: LoadSpec, model_class: Any) -> Any:
    from mlserver import ModelSettings

    settings = ModelSettings(**{**spec.settings, "implementation": model_class})
    settings._source = os.path.join(spec.folder, "model-settings.json")
    return settings


def tensor_metadata(tensors: Any) -> Optional[List[TensorMetadata]]:
    return [
        TensorMetadata(tensor.name, getattr(tensor.datatype, "value", tensor.datatype), list(tensor.shape), read_parameters(tensor.parameters))
        for tensor in tensors or []
    ]


def forward_metrics(mlserver: Any, host: Host) -> None:
    """Has `mlserver.register` and `mlserver.log` write to the server's metrics, whichever package they are of."""
    import mlserver.metrics as metrics

    if hasattr(metrics, "use_recorder"):
        metrics.use_recorder(host.observe)
        return
    known: Dict[str, "ForwardedHistogram"] = {}

    def register(name: str, description: str) -> "ForwardedHistogram":
        return known.setdefault(name, ForwardedHistogram(host, name, description))

    def log(**values: float) -> None:
        for name, value in values.items():
            register(name, "").observe(value)

    for module in (mlserver, metrics, sys.modules.get("mlserver.metrics.context")):
        if module is not None:
            module.register = register
            module.log = log


class ForwardedHistogram:
    def __init__(self, host: Host, name: str, description: str) -> None:
        self._host = host
        self._name = name
        self._description = description

    def observe(self, value: float) -> None:
        self._host.observe(self._name, value, self._description)


class LogHandler(logging.Handler):
    """Sends what is logged to the model's log, with its level."""

    def __init__(self, host: Host) -> None:
        super().__init__()
        self._host = host

    def emit(self, record: logging.LogRecord) -> None:
        number = record.levelno
        level = "error" if number >= 40 else "warn" if number >= 30 else "info" if number >= 20 else "debug"
        self._host.log(level, self.format(record))


def forward_log(host: Host) -> None:
    logger = logging.getLogger("mlserver")
    logger.handlers = [LogHandler(host)]
    logger.setLevel(logging.INFO)
    logger.propagate = False
