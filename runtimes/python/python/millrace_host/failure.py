"""Exceptions as the server is told of them."""

import traceback
from typing import List, Optional

from .adapter import ServingError

_MESSAGE_CHARACTERS_MAX = 4096
_TRACEBACK_CHARACTERS_MAX = 65536


def describe(error: BaseException) -> List[Optional[object]]:
    """Header of a failure: code, text for the client, HTTP status of the author's choosing, traceback for the log."""
    if isinstance(error, ServingError):
        trace = None if error.__cause__ is None else trace_of(error.__cause__)
        return [error.code, shorten(error.message, _MESSAGE_CHARACTERS_MAX), error.http_status, trace]
    return ["INTERNAL", summary(error), None, trace_of(error)]


def summary(error: BaseException) -> str:
    """`Type: text`, or the type alone for an error without a text."""
    name = type(error).__qualname__
    try:
        text = str(error)
    except Exception:
        text = "(its text cannot be read)"
    return shorten(f"{name}: {text}" if text else name, _MESSAGE_CHARACTERS_MAX)


def trace_of(error: BaseException) -> str:
    """The traceback from the model's own lines on: those of this program before them say nothing."""
    first = error.__traceback__
    while first is not None and "millrace_host" in first.tb_frame.f_code.co_filename:
        first = first.tb_next
    lines = traceback.format_exception(type(error), error, first or error.__traceback__)
    return shorten("".join(lines), _TRACEBACK_CHARACTERS_MAX, keep_end=True)


def shorten(text: str, characters_max: int, keep_end: bool = False) -> str:
    if len(text) <= characters_max:
        return text
    return "…" + text[-characters_max:] if keep_end else text[:characters_max] + "…"
