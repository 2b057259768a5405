"""`decode_args`: a `predict` of named and typed arguments."""

import functools
import inspect
from typing import Any, Callable, Dict, List, Tuple, Union, get_args, get_origin, get_type_hints

from ..errors import MLServerError
from ..types import InferenceRequest, InferenceResponse, RequestInput, ResponseOutput
from .base import (
    find_input_codec_by_payload,
    find_input_codec_by_type_hint,
    find_request_codec_by_payload,
    find_request_codec_by_type_hint,
)
from .decoding import DefaultOutputPrefix, get_decoded_or_raw, has_decoded
from .errors import InputsNotFound, OutputNotFound


def unwrap(hint: Any) -> Tuple[Any, bool]:
    """The type in an Optional, and whether it was one."""
    union = getattr(__import__("types"), "UnionType", Union)
    if get_origin(hint) in (Union, union):
        inner = [part for part in get_args(hint) if part is not type(None)]
        if len(inner) == 1:
            return inner[0], len(get_args(hint)) > 1
    return hint, False


class Signature:
    """What the type hints of a method say, read once."""

    def __init__(self, predict: Callable) -> None:
        hints = get_type_hints(predict)
        parameters = inspect.signature(predict).parameters
        answer = hints.pop("return", None)
        self.inputs: Dict[str, Any] = {}
        self.requests: Dict[str, Any] = {}
        self.optional = set()
        for name, hint in hints.items():
            kind, is_optional = unwrap(hint)
            codec = find_request_codec_by_type_hint(kind) if is_frame(kind) else None
            if codec is not None:
                self.requests[name] = codec
            else:
                self.inputs[name] = kind
            # One with a default of its own is left to it.
            if is_optional and parameters[name].default is inspect.Parameter.empty:
                self.optional.add(name)
        self.hints = {name: unwrap(hint)[0] for name, hint in hints.items()}
        self.outputs = list(get_args(answer)) if get_origin(answer) is tuple else [answer]

    def arguments(self, model: Any, request: InferenceRequest) -> Dict[str, Any]:
        values: Dict[str, Any] = {}
        rest: List[RequestInput] = []
        for item in request.inputs:
            kind = self.inputs.get(item.name)
            if kind is None:
                rest.append(item)
                continue
            codec = find_input_codec_by_type_hint(kind)
            model.decode(item, default_codec=codec)
            values[item.name] = get_decoded_or_raw(item) if has_decoded(item) or codec is None else codec.decode_input(item)
        if rest and not self.requests:
            raise InputsNotFound(rest, self.hints)
        for name, codec in self.requests.items():
            if rest or name not in self.optional:
                values[name] = codec.decode_request(request.model_copy(update={"inputs": rest}))
        for name in self.optional:
            values.setdefault(name, None)
        return values

    def response(self, model: Any, request: InferenceRequest, answer: Any) -> InferenceResponse:
        if isinstance(answer, InferenceResponse):
            return answer
        items = answer if isinstance(answer, tuple) else (answer,)
        outputs: List[ResponseOutput] = []
        for index, item in enumerate(items):
            outputs.extend(self._encode(index, item))
        return InferenceResponse(model_name=model.name, model_version=model.version, outputs=outputs)

    def _encode(self, index: int, item: Any) -> List[ResponseOutput]:
        hint = unwrap(self.outputs[index])[0] if index < len(self.outputs) else None
        request_codec = find_request_codec_by_payload(item) if is_frame(type(item)) else None
        if request_codec is not None:
            return request_codec.encode_outputs(item)
        codec = find_input_codec_by_type_hint(hint) if hint is not None else None
        if codec is None or not codec.can_encode(item):
            codec = find_input_codec_by_payload(item) if hint is None else None
        if codec is None:
            raise OutputNotFound(index, type(item), self.outputs)
        return [codec.encode_output(name=f"{DefaultOutputPrefix}{index}", payload=item)]


def is_frame(kind: Any) -> bool:
    return getattr(kind, "__name__", "") == "DataFrame"


def decode_args(predict: Callable) -> Callable:
    """Arguments are matched to inputs by name and read by their type; what is returned becomes the outputs."""
    signature: List[Signature] = []

    def read() -> Signature:
        # Hints may name classes that are defined below the method.
        if not signature:
            signature.append(Signature(predict))
        return signature[0]

    if not inspect.iscoroutinefunction(predict):
        raise MLServerError(f"decode_args: {predict.__qualname__} is not an async method", 500)

    @functools.wraps(predict)
    async def decoded(self: Any, request: InferenceRequest) -> InferenceResponse:
        known = read()
        answer = await predict(self, **known.arguments(self, request))
        return known.response(self, request, answer)

    return decoded
