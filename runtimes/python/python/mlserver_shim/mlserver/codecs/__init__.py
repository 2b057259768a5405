"""Between tensors and the values that models work with, by content types."""

import sys

from . import decoding
from .base import (
    InputCodec,
    InputCodecLike,
    RequestCodec,
    RequestCodecLike,
    register_input_codec,
    register_request_codec,
)
from .decoding import (
    DecodedParameterName,
    decode_inference_request,
    decode_request_input,
    encode_inference_response,
    encode_response_output,
    get_decoded,
    get_decoded_or_raw,
    has_decoded,
)
from .errors import CodecError
from .string import StringCodec, StringRequestCodec  # isort: skip
from .numpy import NumpyCodec, NumpyRequestCodec  # isort: skip
from .base64 import Base64Codec
from .datetime import DatetimeCodec
from .decorator import decode_args
from .pandas import PandasCodec

# Code imports these by the name of MLServer's own file as well.
sys.modules[__name__ + ".utils"] = decoding
utils = decoding

__all__ = [
    "Base64Codec",
    "CodecError",
    "DatetimeCodec",
    "DecodedParameterName",
    "InputCodec",
    "InputCodecLike",
    "NumpyCodec",
    "NumpyRequestCodec",
    "PandasCodec",
    "RequestCodec",
    "RequestCodecLike",
    "StringCodec",
    "StringRequestCodec",
    "decode_args",
    "decode_inference_request",
    "decode_request_input",
    "encode_inference_response",
    "encode_response_output",
    "get_decoded",
    "get_decoded_or_raw",
    "has_decoded",
    "register_input_codec",
    "register_request_codec",
]
