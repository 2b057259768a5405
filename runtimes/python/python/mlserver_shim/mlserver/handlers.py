"""Routes of a model's own."""

from typing import Any, Callable, List, NamedTuple, Tuple


class CustomHandler(NamedTuple):
    rest_path: str
    rest_method: str = "POST"


_MARK = "_millrace_custom_handler"


def custom_handler(rest_path: str, rest_method: str = "POST") -> Callable:
    """Makes a method of a model the answer to an HTTP route, at this absolute path while the model is loaded."""

    def mark(method: Callable) -> Callable:
        setattr(method, _MARK, CustomHandler(rest_path, rest_method))
        return method

    return mark


def get_custom_handlers(model: Any) -> List[Tuple[CustomHandler, Callable]]:
    """What the model's class, or one above it, has marked, by the methods' names."""
    found = []
    for name in dir(type(model)):
        handler = getattr(getattr(type(model), name, None), _MARK, None)
        if handler is not None:
            found.append((handler, getattr(model, name)))
    return found
