"""The two kinds of codecs, and where they are found by content type, by type hint or by the value itself."""

from typing import Any, Dict, Iterable, Optional, Type, Union

from ..logging import logger
from ..types import InferenceRequest, InferenceResponse, RequestInput, ResponseOutput


class InputCodec:
    """Between one tensor and a value. Subclasses override what they can do."""

    ContentType: str = ""
    TypeHint: Any = None

    @classmethod
    def can_encode(cls, payload: Any) -> bool:
        return False

    @classmethod
    def encode_output(cls, name: str, payload: Any, **kwargs: Any) -> ResponseOutput:
        raise NotImplementedError(f"{cls.__name__} cannot encode outputs")

    @classmethod
    def decode_output(cls, response_output: ResponseOutput) -> Any:
        raise NotImplementedError(f"{cls.__name__} cannot decode outputs")

    @classmethod
    def encode_input(cls, name: str, payload: Any, **kwargs: Any) -> RequestInput:
        raise NotImplementedError(f"{cls.__name__} cannot encode inputs")

    @classmethod
    def decode_input(cls, request_input: RequestInput) -> Any:
        raise NotImplementedError(f"{cls.__name__} cannot decode inputs")

    @classmethod
    def encode(cls, name: str, payload: Any, **kwargs: Any) -> ResponseOutput:
        logger.warning("%s.encode is deprecated; use encode_output", cls.__name__)
        return cls.encode_output(name, payload, **kwargs)

    @classmethod
    def decode(cls, request_input: RequestInput) -> Any:
        logger.warning("%s.decode is deprecated; use decode_input", cls.__name__)
        return cls.decode_input(request_input)


class RequestCodec:
    """Between a whole request or response and a value."""

    ContentType: str = ""
    TypeHint: Any = None

    @classmethod
    def can_encode(cls, payload: Any) -> bool:
        return False

    @classmethod
    def encode_response(
        cls, model_name: str, payload: Any, model_version: Optional[str] = None, **kwargs: Any
    ) -> InferenceResponse:
        raise NotImplementedError(f"{cls.__name__} cannot encode responses")

    @classmethod
    def decode_response(cls, response: InferenceResponse) -> Any:
        raise NotImplementedError(f"{cls.__name__} cannot decode responses")

    @classmethod
    def encode_request(cls, payload: Any, **kwargs: Any) -> InferenceRequest:
        raise NotImplementedError(f"{cls.__name__} cannot encode requests")

    @classmethod
    def decode_request(cls, request: InferenceRequest) -> Any:
        raise NotImplementedError(f"{cls.__name__} cannot decode requests")

    @classmethod
    def encode(cls, model_name: str, payload: Any, model_version: Optional[str] = None) -> InferenceResponse:
        logger.warning("%s.encode is deprecated; use encode_response", cls.__name__)
        return cls.encode_response(model_name, payload, model_version)

    @classmethod
    def decode(cls, request: InferenceRequest) -> Any:
        logger.warning("%s.decode is deprecated; use decode_request", cls.__name__)
        return cls.decode_request(request)


InputCodecLike = Union[Type[InputCodec], InputCodec]
RequestCodecLike = Union[Type[RequestCodec], RequestCodec]

_input_codecs: Dict[str, Any] = {}
_request_codecs: Dict[str, Any] = {}


def register_input_codec(codec: Any) -> Any:
    """Makes the codec known by its content type, in place of an earlier one. Also a decorator."""
    return _register(_input_codecs, codec)


def register_request_codec(codec: Any) -> Any:
    """Makes the codec known by its content type, in place of an earlier one. Also a decorator."""
    return _register(_request_codecs, codec)


def find_input_codec(content_type: Optional[str] = None, payload: Any = None, type_hint: Any = None) -> Any:
    return _find(_input_codecs, content_type, payload, type_hint)


def find_request_codec(content_type: Optional[str] = None, payload: Any = None, type_hint: Any = None) -> Any:
    return _find(_request_codecs, content_type, payload, type_hint)


def find_input_codec_by_payload(payload: Any) -> Any:
    return _by_payload(_input_codecs.values(), payload)


def find_request_codec_by_payload(payload: Any) -> Any:
    return _by_payload(_request_codecs.values(), payload)


def find_input_codec_by_type_hint(type_hint: Any) -> Any:
    return _first([codec for codec in _input_codecs.values() if codec.TypeHint == type_hint], f"type hint {type_hint}")


def find_request_codec_by_type_hint(type_hint: Any) -> Any:
    return _first([codec for codec in _request_codecs.values() if codec.TypeHint == type_hint], f"type hint {type_hint}")


def _register(codecs: Dict[str, Any], codec: Any) -> Any:
    content_type = codec.ContentType
    if content_type in codecs and codecs[content_type] is not codec:
        logger.info("The codec for content type '%s' is replaced by %s", content_type, codec)
    codecs[content_type] = codec
    return codec


def _find(codecs: Dict[str, Any], content_type: Optional[str], payload: Any, type_hint: Any) -> Any:
    if content_type is not None:
        return codecs.get(content_type)
    if payload is not None:
        return _by_payload(codecs.values(), payload)
    if type_hint is not None:
        return _first([codec for codec in codecs.values() if codec.TypeHint == type_hint], f"type hint {type_hint}")
    return None


def _by_payload(codecs: Iterable[Any], payload: Any) -> Any:
    return _first([codec for codec in codecs if codec.can_encode(payload)], f"payload with type {type(payload)}")


def _first(matching: list, what: str) -> Any:
    if not matching:
        logger.warning("No codec was found for %s.", what)
        return None
    if len(matching) > 1:
        logger.warning("Several codecs were found for %s; the first is used.", what)
    return matching[0]
