"""Answers brought to the datatypes that the contract declares, where that loses nothing that matters."""

from typing import Optional

import numpy as np
from millrace_host.adapter import Tensor

from .data_types import BY_DATATYPE
from .messages import Unconvertible


def fit(tensor: Tensor, declared: Optional[str]) -> Tensor:
    """The tensor with the declared datatype.

    Python's `float` and `int` are 64 bits wide, and so a function for an output of 32 easily answers too much. Numbers
    are converted where every value is in range: floating point to a narrower type, with rounding; whole numbers and
    booleans to any type that holds them exactly. Everything else is Unconvertible.
    """
    if declared is None or tensor.datatype == declared:
        return tensor
    goal = BY_DATATYPE.get(declared)
    if goal is None or goal.dtype is None or tensor.datatype == "BYTES":
        raise _refusal(tensor, declared, "numbers and text are not converted into each other")
    values = np.asarray(tensor.data)
    if goal.dtype.kind == "b" or (values.dtype.kind == "f" and goal.dtype.kind != "f"):
        raise _refusal(tensor, declared, f"convert it yourself, with np.asarray(value, dtype=np.{goal.dtype.name})")
    with np.errstate(over="ignore", invalid="ignore"):
        converted = values.astype(goal.dtype)
    if values.dtype.kind == "f":
        lost = np.isfinite(values) & ~np.isfinite(converted)
    else:
        lost = _changed(values, converted)
    if lost.any():
        value = values[lost].reshape(-1)[0]
        raise _refusal(tensor, declared, f"the value {value} does not fit")
    return Tensor(tensor.name, declared, tensor.shape, converted, tensor.parameters)


def _changed(whole: np.ndarray, converted: np.ndarray) -> np.ndarray:
    if converted.dtype.kind == "f":
        # All whole numbers up to here, and no others without a gap, are exact.
        limit = 2 ** (np.finfo(converted.dtype).nmant + 1)
        return (whole > limit) | (whole < -limit) if whole.dtype.kind == "i" else whole > limit
    info = np.iinfo(converted.dtype)
    if whole.dtype.kind == "b":
        return np.zeros(whole.shape, bool)
    low, high = np.iinfo(whole.dtype).min, np.iinfo(whole.dtype).max
    return (whole < max(info.min, low)) | (whole > min(info.max, high))


def _refusal(tensor: Tensor, declared: str, why: str) -> Unconvertible:
    return Unconvertible(
        f"output '{tensor.name}' is declared as {declared}, and the function answers {tensor.datatype}; {why}"
    )
