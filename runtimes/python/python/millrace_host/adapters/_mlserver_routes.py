"""Routes that methods of a model have: their arguments are filled from path, query and body, by their annotations."""

import asyncio
import inspect
import json
import re
import typing
from typing import Any, Callable, Dict, List, get_origin

from ..adapter import Route, RouteRequest, RouteResponse, ServingError
from ..frames import plain

_SCALARS = {int: int, float: float, str: str, bool: None}
_TRUE = {"1", "true", "on", "yes", "y", "t"}
_FALSE = {"0", "false", "off", "no", "n", "f"}


def routes_of(model: Any) -> List[Route]:
    from mlserver.handlers.custom import get_custom_handlers

    return [
        Route(handler.rest_method, re.sub(r"{(\w+)(?::\w+)?}", r":\1", handler.rest_path), Handler(method).handle)
        for handler, method in get_custom_handlers(model)
    ]


class WebRequest:
    """What an argument called or annotated `Request` gets: the parts of a web framework's request that models read."""

    def __init__(self, request: RouteRequest) -> None:
        self.method = request.method
        self.headers = request.headers
        self.path_params = request.params
        self.query_params = {name: values[-1] for name, values in request.query.items()}
        self._body = request.body

    async def body(self) -> bytes:
        return self._body

    async def json(self) -> Any:
        return json.loads(self._body)


class Handler:
    """One method with what its signature asks for, read once."""

    def __init__(self, method: Callable) -> None:
        self._method = method
        self._is_async = inspect.iscoroutinefunction(method)
        try:
            hints = typing.get_type_hints(method)
        except (NameError, TypeError):
            hints = getattr(method, "__annotations__", {})
        self._arguments = [
            (name, hints.get(name), parameter.default)
            for name, parameter in inspect.signature(method).parameters.items()
            if parameter.kind not in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD)
        ]

    async def handle(self, request: RouteRequest) -> RouteResponse:
        arguments = self._fill(request)
        try:
            if self._is_async:
                answer = await self._method(**arguments)
            else:
                # A plain method may block, and must not hold up the others.
                answer = await asyncio.get_running_loop().run_in_executor(None, lambda: self._method(**arguments))
        except Exception as error:
            status = getattr(error, "status_code", None)
            if not isinstance(status, int) or not 400 <= status <= 599:
                raise
            detail = getattr(error, "detail", None)
            body = {"error": str(error)} if detail is None else {"detail": detail}
            return RouteResponse(status, encode(body))
        return read_answer(answer)

    def _fill(self, request: RouteRequest) -> Dict[str, Any]:
        path_names = set(request.params)
        of_body = [
            name for name, hint, _ in self._arguments if name not in path_names and hint not in _SCALARS and not is_request(name, hint)
        ]
        filled: Dict[str, Any] = {}
        body: Any = None
        if of_body:
            body = read_json(request.body) if request.body else None
        for name, hint, default in self._arguments:
            if name in path_names:
                filled[name] = scalar(name, hint, request.params[name])
            elif is_request(name, hint):
                filled[name] = WebRequest(request)
            elif name in of_body:
                value = body.get(name) if len(of_body) > 1 and isinstance(body, dict) else body
                if value is None and default is inspect.Parameter.empty:
                    raise invalid(f"the body has no '{name}', which this route needs")
                filled[name] = default if value is None else of_type(name, hint, value)
            elif name in request.query:
                filled[name] = scalar(name, hint, request.query[name][-1])
            elif default is inspect.Parameter.empty:
                raise invalid(f"the query has no '{name}', which this route needs")
        return filled


def is_request(name: str, hint: Any) -> bool:
    return getattr(hint, "__name__", "") == "Request" or hint is None and name == "request"


def read_json(body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError as error:
        raise invalid(f"the body is not JSON: {error}") from None


def scalar(name: str, hint: Any, text: str) -> Any:
    try:
        if hint is bool:
            lowered = text.lower()
            if lowered not in _TRUE | _FALSE:
                raise ValueError("no boolean")
            return lowered in _TRUE
        return hint(text) if hint in _SCALARS else text
    except ValueError:
        raise invalid(f"'{name}' is '{text[:100]}'; expected {hint.__name__}") from None


def of_type(name: str, hint: Any, value: Any) -> Any:
    """The value as its annotation says, as far as that is a list, an object, or a class that reads plain objects."""
    kind = get_origin(hint) or hint
    if kind in (list, dict):
        if not isinstance(value, kind):
            raise invalid(f"'{name}' is {type(value).__name__}; expected {kind.__name__}")
        return value
    if hasattr(kind, "model_validate"):
        try:
            return kind.model_validate(value)
        except (TypeError, ValueError) as error:
            raise invalid(f"'{name}': {error}") from None
    return value


def read_answer(answer: Any) -> RouteResponse:
    """JSON of a value; a web framework's response as it is."""
    if hasattr(answer, "status_code") and hasattr(answer, "body"):
        headers = {str(name).lower(): str(value) for name, value in dict(getattr(answer, "headers", None) or {}).items()}
        headers.pop("content-length", None)
        content_type = headers.pop("content-type", None) or getattr(answer, "media_type", None)
        body = answer.body
        return RouteResponse(answer.status_code, body.encode() if isinstance(body, str) else bytes(body or b""), content_type, headers)
    return RouteResponse(200, encode(answer))


def encode(value: Any) -> bytes:
    dumped = value.model_dump() if hasattr(value, "model_dump") else value
    return json.dumps(plain(dumped), ensure_ascii=False, separators=(",", ":")).encode()


def invalid(text: str) -> ServingError:
    return ServingError("INVALID_ARGUMENT", text, 422)
