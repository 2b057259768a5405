"""The kinds of values that messages hold, and what is taken for one of them."""

import numbers
from typing import Any, Callable, Dict, List, Optional

import numpy as np


def _integer(low: int, high: int) -> Callable[[Any], int]:
    def check(value: Any) -> int:
        if not isinstance(value, (numbers.Integral, np.bool_)):
            raise TypeError(f"{value!r} has type {type(value)}, but expected an integer")
        if not low <= int(value) <= high:
            raise ValueError(f"Value out of range: {value}; allowed is {low} to {high}")
        return int(value)

    return check


def _number(value: Any) -> float:
    if not isinstance(value, (numbers.Real, np.bool_)):
        raise TypeError(f"{value!r} has type {type(value)}, but expected a number")
    return float(value)


def _single(value: Any) -> float:
    with np.errstate(over="ignore"):
        return float(np.float32(_number(value)))


def _truth(value: Any) -> bool:
    if not isinstance(value, (bool, np.bool_, numbers.Integral)):
        raise TypeError(f"{value!r} has type {type(value)}, but expected a bool")
    return bool(value)


def _bytes(value: Any) -> bytes:
    if not isinstance(value, (bytes, bytearray)):
        raise TypeError(f"{value!r} has type {type(value)}, but expected bytes; encode text with .encode()")
    return bytes(value)


def _text(value: Any) -> str:
    if isinstance(value, bytes):
        return value.decode("utf-8")
    if not isinstance(value, str):
        raise TypeError(f"{value!r} has type {type(value)}, but expected a str")
    return value


CHECKS: Dict[str, Callable[[Any], Any]] = {
    "int32": _integer(-(2**31), 2**31 - 1),
    "int64": _integer(-(2**63), 2**63 - 1),
    "uint32": _integer(0, 2**32 - 1),
    "uint64": _integer(0, 2**64 - 1),
    "float": _single,
    "double": _number,
    "bool": _truth,
    "bytes": _bytes,
    "string": _text,
}
#: What a field of one value reads as before it is set; 0 for kinds that are not here.
DEFAULTS: Dict[str, Any] = {"bool": False, "float": 0.0, "double": 0.0, "bytes": b"", "string": ""}


#: Kinds whose arrays are taken at once, with numpy's kinds that suit and the type that the values must fit into.
_ARRAYS: Dict[Any, "tuple[str, Any]"] = {
    "double": ("fiub", np.float64),
    "float": ("fiub", np.float32),
    **{name: ("iub", np.dtype(name)) for name in ("int32", "int64", "uint32", "uint64")},
}


def checked_array(kind: Any, values: Any) -> Optional[List[Any]]:
    """The values of a numpy array, checked all together; None for what must be looked at one by one."""
    kinds, dtype = _ARRAYS.get(kind, ("", None)) if isinstance(kind, str) else ("", None)
    if not isinstance(values, np.ndarray) or values.ndim != 1 or values.dtype.kind not in kinds:
        return None
    if np.can_cast(values.dtype, dtype) or values.dtype.kind == "f":
        with np.errstate(over="ignore"):
            return values.astype(dtype).tolist()
    return None
