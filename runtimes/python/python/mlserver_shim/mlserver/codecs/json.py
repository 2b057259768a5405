"""JSON texts as elements of a tensor."""

import json
from typing import Any, List

from .lists import as_list, to_text


class JSONEncoderWithArray(json.JSONEncoder):
    """Writes arrays as lists and bytes as text."""

    def default(self, obj: Any) -> Any:
        if hasattr(obj, "tolist"):
            return obj.tolist()
        if isinstance(obj, bytes):
            return obj.decode()
        if hasattr(obj, "isoformat"):
            return obj.isoformat()
        return super().default(obj)


def encode_to_json(v: Any, use_bytes: bool = True) -> Any:
    """Compact JSON."""
    text = json.dumps(v, ensure_ascii=False, separators=(",", ":"), allow_nan=False, cls=JSONEncoderWithArray)
    return text.encode() if use_bytes else text


def encode_to_json_bytes(v: Any) -> bytes:
    return encode_to_json(v)


def decode_from_bytelike_json_to_dict(v: Any) -> Any:
    return json.loads(v)


def decode_json_input_or_output(input_or_output: Any) -> List[Any]:
    return [json.loads(to_text(value)) for value in as_list(input_or_output.data)]
