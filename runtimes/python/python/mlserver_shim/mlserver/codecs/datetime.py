"""`datetime`: a tensor of ISO 8601 text as a list of dates with times."""

from datetime import datetime
from typing import Any, List, Union

from ..types import Parameters, RequestInput, ResponseOutput
from .base import InputCodec, register_input_codec
from .lists import as_list, is_list_of, to_bytes, to_text


def _encode(value: Union[str, datetime], use_bytes: bool) -> Any:
    text = value.isoformat() if isinstance(value, datetime) else value
    return to_bytes(text) if use_bytes else to_text(text)


@register_input_codec
class DatetimeCodec(InputCodec):
    ContentType = "datetime"
    TypeHint = List[datetime]

    @classmethod
    def can_encode(cls, payload: Any) -> bool:
        return is_list_of(payload, datetime)

    @classmethod
    def encode_output(cls, name: str, payload: List, use_bytes: bool = True, **kwargs: Any) -> ResponseOutput:
        return ResponseOutput(**cls._fields(name, payload, use_bytes))

    @classmethod
    def encode_input(cls, name: str, payload: List, use_bytes: bool = True, **kwargs: Any) -> RequestInput:
        return RequestInput(**cls._fields(name, payload, use_bytes))

    @classmethod
    def decode_input(cls, request_input: RequestInput) -> List[datetime]:
        return [datetime.fromisoformat(to_text(value)) for value in as_list(request_input.data)]

    @classmethod
    def decode_output(cls, response_output: ResponseOutput) -> List[datetime]:
        return [datetime.fromisoformat(to_text(value)) for value in as_list(response_output.data)]

    @classmethod
    def _fields(cls, name: str, payload: List, use_bytes: bool) -> dict:
        data = [_encode(value, use_bytes) for value in payload]
        return {
            "name": name,
            "datatype": "BYTES",
            "shape": [len(data), 1],
            "data": data,
            "parameters": Parameters(content_type=cls.ContentType),
        }
