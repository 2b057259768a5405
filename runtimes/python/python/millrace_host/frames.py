"""Frames: what one message on the channel looks like. The other side is `channel/frame.ts`.

    u32 kind | u32 call | u32 header bytes | u32 body bytes | header, padded to 8 | body

All numbers are little-endian. The header is compact JSON; the body holds the bytes of tensors, each starting at a
multiple of 8 from the frame's beginning, or raw bytes of a route.
"""

import json
import struct

PREFIX = struct.Struct("<IIII")
PREFIX_BYTES = PREFIX.size
HEADER_BYTES_MAX = 16 << 20
BODY_BYTES_MAX = 1 << 30

# From the server.
LOAD, PREDICT, STREAM, STREAM_REQUEST, STREAM_END, CANCEL, CREDIT, ROUTE, UNLOAD = range(1, 10)
# From this process.
HELLO, LOADED, ANSWER, FAILED, ITEM, DONE, PULL, ROUTE_ANSWER, UNLOADED, LOG, METRICS = range(33, 44)

PADDING = [bytes(size) for size in range(8)]


class MalformedFrame(Exception):
    """The other side does not speak this protocol; nothing more can be read."""


def padding(size: int) -> bytes:
    """What brings `size` bytes to the next multiple of 8."""
    return PADDING[-size % 8]


_encode = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode
_decode = json.JSONDecoder().decode


def encode_header(value) -> bytes:
    """JSON text; numbers that JSON has no word for become null, and what is no JSON becomes text."""
    try:
        return _encode(value).encode()
    except (TypeError, ValueError, UnicodeEncodeError):
        return _encode(plain(value)).encode("utf-8", "replace")


def decode_header(data: bytes):
    return _decode(data.decode())


def plain(value, depth: int = 0):
    """The nearest JSON value: arrays become lists, other objects their text."""
    if value is None or isinstance(value, (bool, str)):
        return value
    if isinstance(value, int):
        return int(value)
    if depth > 64:
        return str(type(value).__name__)
    if isinstance(value, float):
        return float(value) if value - value == 0 else None
    if isinstance(value, (bytes, bytearray)):
        return bytes(value).decode("utf-8", "replace")
    if isinstance(value, dict):
        return {str(key): plain(item, depth + 1) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [plain(item, depth + 1) for item in value]
    if hasattr(value, "model_dump"):
        return plain(value.model_dump(), depth + 1)
    if hasattr(value, "tolist"):
        return plain(value.tolist(), depth + 1)
    return str(value)
