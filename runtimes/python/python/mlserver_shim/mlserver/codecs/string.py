"""`str`: a tensor as a list of text."""

from typing import Any, List

from ..types import Parameters, RequestInput, ResponseOutput
from .base import InputCodec, register_input_codec, register_request_codec
from .decoding import SingleInputRequestCodec
from .lists import as_list, is_list_of, to_bytes, to_text


def encode_str(elem: str) -> bytes:
    return elem.encode()


def decode_str(encoded: Any, str_codec: str = "utf-8") -> str:
    return encoded.decode(str_codec) if isinstance(encoded, bytes) else encoded


@register_input_codec
class StringCodec(InputCodec):
    ContentType = "str"
    TypeHint = List[str]

    @classmethod
    def can_encode(cls, payload: Any) -> bool:
        return is_list_of(payload, str)

    @classmethod
    def encode_output(cls, name: str, payload: List[str], use_bytes: bool = True, **kwargs: Any) -> ResponseOutput:
        return ResponseOutput(**cls._fields(name, payload, use_bytes))

    @classmethod
    def encode_input(cls, name: str, payload: List[str], use_bytes: bool = True, **kwargs: Any) -> RequestInput:
        return RequestInput(**cls._fields(name, payload, use_bytes))

    @classmethod
    def decode_input(cls, request_input: RequestInput) -> List[str]:
        return [to_text(value) for value in as_list(request_input.data)]

    @classmethod
    def decode_output(cls, response_output: ResponseOutput) -> List[str]:
        return [to_text(value) for value in as_list(response_output.data)]

    @classmethod
    def _fields(cls, name: str, payload: List[str], use_bytes: bool) -> dict:
        data = [to_bytes(value) if use_bytes else value for value in payload]
        return {
            "name": name,
            "datatype": "BYTES",
            "shape": [len(data), 1],
            "data": data,
            "parameters": Parameters(content_type=cls.ContentType),
        }


@register_request_codec
class StringRequestCodec(SingleInputRequestCodec):
    InputCodec = StringCodec
    ContentType = StringCodec.ContentType
    TypeHint = StringCodec.TypeHint
