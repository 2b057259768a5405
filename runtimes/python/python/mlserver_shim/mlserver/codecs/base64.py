"""`base64`: a tensor of base64 text as a list of bytes."""

import base64
import binascii
from typing import Any, List

from ..types import Parameters, RequestInput, ResponseOutput
from .base import InputCodec, register_input_codec
from .lists import as_list, is_list_of, to_bytes


def _encode(value: bytes, use_bytes: bool) -> Any:
    encoded = base64.b64encode(to_bytes(value))
    return encoded if use_bytes else encoded.decode()


def _decode(value: Any) -> bytes:
    """What is no base64 is taken as the bytes themselves."""
    data = to_bytes(value)
    try:
        return base64.b64decode(data, validate=True)
    except binascii.Error:
        return data


@register_input_codec
class Base64Codec(InputCodec):
    ContentType = "base64"
    TypeHint = List[bytes]

    @classmethod
    def can_encode(cls, payload: Any) -> bool:
        return is_list_of(payload, bytes)

    @classmethod
    def encode_output(cls, name: str, payload: List[bytes], use_bytes: bool = True, **kwargs: Any) -> ResponseOutput:
        return ResponseOutput(**cls._fields(name, payload, use_bytes))

    @classmethod
    def encode_input(cls, name: str, payload: List[bytes], use_bytes: bool = True, **kwargs: Any) -> RequestInput:
        return RequestInput(**cls._fields(name, payload, use_bytes))

    @classmethod
    def decode_input(cls, request_input: RequestInput) -> List[bytes]:
        return [_decode(value) for value in as_list(request_input.data)]

    @classmethod
    def decode_output(cls, response_output: ResponseOutput) -> List[bytes]:
        return [_decode(value) for value in as_list(response_output.data)]

    @classmethod
    def _fields(cls, name: str, payload: List[bytes], use_bytes: bool) -> dict:
        data = [_encode(value, use_bytes) for value in payload]
        return {
            "name": name,
            "datatype": "BYTES",
            "shape": [len(data), 1],
            "data": data,
            "parameters": Parameters(content_type=cls.ContentType),
        }
