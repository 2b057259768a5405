"""Which generation of the convention a `func_main.py` was written for."""

import ast
from typing import Any, Dict, NamedTuple, Optional, Set

from millrace_host.adapter import ServingError

GENERATIONS = ("G1", "G2", "G3")
ARGUMENTS = ("tensors", "arrays")

#: Fields of a TensorProto that hold values; a function that touches them was not written for numpy.
_VALUE_FIELDS = {
    f"{kind}_val" for kind in "float double int string scomplex int64 bool dcomplex half uint32 uint64 map".split()
} | {"tensor_content", "tensor_shape"}


class Generation(NamedTuple):
    name: str
    #: `tensors`: TensorProto in, PredictResponse out. `arrays`: numpy in, a dict out.
    arguments: str
    #: What it was decided by.
    reason: str


class _Traces(NamedTuple):
    imports: Set[str]
    touches_tensors: bool


def decide_generation(file: str, extra: Dict[str, Any]) -> Generation:
    """By `generation` and `arguments` of `parameters.extra`, else by what the file's code shows.

    Raises ServingError INVALID_ARGUMENT for other values, and FAILED_PRECONDITION for a file that is not Python.
    """
    name = _choice(extra, "generation", GENERATIONS)
    arguments = _choice(extra, "arguments", ARGUMENTS)
    reason = "parameters.extra says so"
    if name is None:
        traces = _traces_of(file)
        name, reason = _by_traces(traces, arguments)
    elif name == "G2" and arguments is None:
        arguments, why = _arguments_of(_traces_of(file))
        reason = f"{reason}, and {why}"
    if arguments is None:
        arguments = "arrays" if name == "G3" else "tensors"
    if name == "G1" and arguments == "arrays" or name == "G3" and arguments == "tensors":
        raise ServingError("INVALID_ARGUMENT", f"functions of {name} do not take {arguments}; only those of G2 take either")
    return Generation(name, arguments, reason)


def _choice(extra: Dict[str, Any], key: str, allowed: "tuple[str, ...]") -> Optional[str]:
    value = extra.get(key)
    if value is not None and value not in allowed:
        raise ServingError("INVALID_ARGUMENT", f"parameters.extra.{key} is {value!r}; allowed are {', '.join(allowed)}")
    return value


def _by_traces(traces: _Traces, arguments: Optional[str]) -> "tuple[str, str]":
    new = sorted(name for name in traces.imports if name.startswith("hydro_serving_grpc.serving"))
    if new:
        return "G3", f"func_main.py imports {new[0]}"
    found, why = _arguments_of(traces)
    if (arguments or found) == "tensors":
        return "G2", why
    return "G3", why


def _arguments_of(traces: _Traces) -> "tuple[str, str]":
    old = sorted(name for name in traces.imports if name.split(".")[0] == "hydro_serving_grpc")
    if old:
        return "tensors", f"func_main.py imports {old[0]}"
    if traces.touches_tensors:
        return "tensors", "func_main.py reads fields of a TensorProto"
    return "arrays", "func_main.py has nothing to do with TensorProto"


def _traces_of(file: str) -> _Traces:
    try:
        with open(file, "rb") as source:
            tree = ast.parse(source.read(), filename=file)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise ServingError("FAILED_PRECONDITION", f"'func_main' import error: {error!r} ({file})") from error
    imports: Set[str] = set()
    touches = False
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            imports.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module is not None and node.level == 0:
            imports.add(node.module)
            imports.update(f"{node.module}.{alias.name}" for alias in node.names if alias.name == "serving")
        elif isinstance(node, ast.Attribute) and node.attr in _VALUE_FIELDS:
            touches = True
    return _Traces(imports, touches)
