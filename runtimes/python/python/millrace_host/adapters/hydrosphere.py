"""Models that are a function in `func_main.py`. `implementation` is not used.

Of `parameters.extra`: `generation` (G1, G2, G3), `arguments` (tensors, arrays; of G2), `signature_name` (the function),
`signatures` (functions that a request of G1 may name in its parameter `signature_name`).
"""

import asyncio
import importlib
import inspect
import os
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Callable, Dict, List, Optional

from millrace_func_main.arrays import from_value, to_array
from millrace_func_main.declared import fit
from millrace_func_main.folder import find_folder
from millrace_func_main.generation import Generation, decide_generation
from millrace_func_main.messages import Unconvertible, from_message, offer_messages, prediction_class, to_message

from ..adapter import Adapter, Host, LoadSpec, Request, Response, ServingError, Tensor

#: Calls that run at the same time, as in the runtime whose convention this is.
THREADS = 10


def create(spec: LoadSpec, host: Host) -> Adapter:
    return FuncMainAdapter(spec, host)


class FuncMainAdapter(Adapter):
    def __init__(self, spec: LoadSpec, host: Host) -> None:
        self._spec = spec
        self._host = host
        parameters = spec.settings.get("parameters") or {}
        self._extra: Dict[str, Any] = parameters.get("extra") or {}
        self._uri: str = parameters.get("uri") or spec.folder
        self._inputs = [field["name"] for field in spec.settings.get("inputs") or []]
        self._outputs = {field["name"]: field["datatype"] for field in spec.settings.get("outputs") or []}
        self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix="func_main")
        self._dropped = False

    async def load(self) -> bool:
        folder = find_folder(self._uri)
        self._generation: Generation = decide_generation(folder.file, self._extra)
        for path in reversed(folder.import_paths(self._generation.name)):
            if path in sys.path:
                sys.path.remove(path)
            sys.path.insert(0, path)
        # Functions open their files by paths from here, as in a model's image.
        os.chdir(folder.files)
        stand_in = offer_messages()
        module = _import(folder.file)
        self._prediction_class = prediction_class() if self._generation.arguments == "tensors" else None
        names = _signature_names(self._extra, module)
        self._functions = {name: self._function(module, name) for name in names}
        self._default = names[0]
        package = "; hydro_serving_grpc is Millrace's stand-in" if stand_in else ""
        self._host.log(
            "info",
            f"func_main.{self._default} is called as in {self._generation.name} with {self._generation.arguments}, "
            f"because {self._generation.reason}{package}",
        )
        return True

    def _function(self, module: Any, name: str) -> Callable[..., Any]:
        function = getattr(module, name, None)
        if not callable(function):
            known = ", ".join(_public_functions(module)) or "none"
            raise ServingError("FAILED_PRECONDITION", f"func_main.py has no function {name!r}; it has: {known}")
        if name == _signature_names(self._extra, module)[0]:
            self._check_arguments(name, function)
        return function

    def _check_arguments(self, name: str, function: Callable[..., Any]) -> None:
        """A function that cannot be called with the declared inputs fails now, not at the first request."""
        try:
            signature = inspect.signature(function)
            signature.bind(**{input_name: None for input_name in self._inputs})
        except ValueError:
            return  # not every function says what it takes
        except TypeError as error:
            if self._inputs:
                inputs = ", ".join(self._inputs)
                raise ServingError(
                    "FAILED_PRECONDITION",
                    f"func_main.{name}{signature} cannot be called with the declared inputs {inputs}: {error}",
                ) from error

    async def predict(self, request: Request) -> Response:
        function = self._functions.get(self._requested(request))
        if function is None:
            raise ServingError(
                "INVALID_ARGUMENT", f"{self._requested(request)} signature is not present in the model"
            )
        convert = to_message if self._generation.arguments == "tensors" else to_array
        tensors = [tensor for tensor in request.inputs if not self._inputs or tensor.name in self._inputs]
        arguments = {tensor.name: convert(tensor) for tensor in tensors}
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._pool, self._call, function, arguments)

    def _requested(self, request: Request) -> str:
        """Only requests of G1 choose the function; later ones name it for information."""
        named = (request.parameters or {}).get("signature_name") if self._generation.name == "G1" else None
        return named if isinstance(named, str) and named != "" else self._default

    def _call(self, function: Callable[..., Any], arguments: Dict[str, Any]) -> Response:
        try:
            result = function(**arguments)
        except ValueError as error:
            # Only G3 told wrong values from other failures.
            code = "OUT_OF_RANGE" if self._generation.name == "G3" else self._failure_code()
            raise ServingError(code, repr(error)) from error
        except Exception as error:
            raise ServingError(self._failure_code(), repr(error)) from error
        return Response(self._answer(result))

    def _failure_code(self) -> str:
        """What the function's own exceptions are: G1's runtime caught none, and gRPC calls that UNKNOWN."""
        return "UNKNOWN" if self._generation.name == "G1" else "INTERNAL"

    def _answer(self, result: Any) -> List[Tensor]:
        if self._prediction_class is None:
            if not isinstance(result, dict):
                raise ServingError("INTERNAL", f"Type of a result ({type(result).__name__}) is not `dict`")
            read, values = from_value, result
        else:
            if not isinstance(result, self._prediction_class):
                raise ServingError("OUT_OF_RANGE", f"Type of a result ({type(result).__name__}) is not `PredictResponse`")
            read, values = from_message, result.outputs
        try:
            return [fit(read(name, values[name]), self._outputs.get(name)) for name in self._wanted(values)]
        except Unconvertible as error:
            raise ServingError("OUT_OF_RANGE", f"Could not convert an output to a tensor: {error}") from error

    def _wanted(self, values: Any) -> List[str]:
        """The declared outputs, in their order; all of them where none are declared."""
        if not self._outputs:
            return list(values)
        missing = [name for name in self._outputs if name not in values]
        if missing:
            answered = ", ".join(repr(name) for name in values) or "nothing"
            raise Unconvertible(f"output {missing[0]!r} is declared, and the function answers {answered}")
        if len(values) > len(self._outputs) and not self._dropped:
            self._dropped = True
            extra = ", ".join(repr(name) for name in values if name not in self._outputs)
            self._host.log("warn", f"the function answers {extra}, which the contract does not declare; dropped")
        return list(self._outputs)

    async def unload(self) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)


def _import(file: str) -> Any:
    try:
        return importlib.import_module("func_main")
    except BaseException as error:
        if isinstance(error, (KeyboardInterrupt, GeneratorExit)):
            raise
        raise ServingError("FAILED_PRECONDITION", f"'func_main' import error: {error!r} ({file})") from error


def _signature_names(extra: Dict[str, Any], module: Any) -> List[str]:
    """The functions that can be asked for, the default first."""
    name: Optional[Any] = extra.get("signature_name")
    others = extra.get("signatures") or []
    if not isinstance(others, list) or not all(isinstance(other, str) for other in others):
        raise ServingError("INVALID_ARGUMENT", f"parameters.extra.signatures is {others!r}; expected a list of names")
    if name is None and not others:
        functions = _public_functions(module)
        if len(functions) == 1 or "predict" in functions:
            name = functions[0] if len(functions) == 1 else "predict"
        else:
            raise ServingError(
                "FAILED_PRECONDITION",
                f"func_main.py has {len(functions)} functions ({', '.join(functions) or 'none'}); "
                "parameters.extra.signature_name must name the one to call",
            )
    names = [*([] if name is None else [name]), *others]
    return list(dict.fromkeys(names))


def _public_functions(module: Any) -> List[str]:
    """Functions that the file defines itself."""
    return [
        name
        for name, value in vars(module).items()
        if inspect.isfunction(value) and value.__module__ == module.__name__ and not name.startswith("_")
    ]
