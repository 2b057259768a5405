"""`mlserver.codecs.utils`: which codec reads and writes what, decided by content types."""

from typing import Any, Dict, List, Optional

from ..settings import ModelSettings
from ..types import (
    InferenceRequest,
    InferenceResponse,
    MetadataTensor,
    Parameters,
    RequestInput,
    RequestOutput,
    ResponseOutput,
)
from .base import (
    RequestCodec,
    find_input_codec,
    find_input_codec_by_payload,
    find_request_codec,
    find_request_codec_by_payload,
)
from .errors import CodecError
from .lists import with_batch_dimension as inject_batch_dimension

__all__ = ["DecodedParameterName", "SingleInputRequestCodec", "inject_batch_dimension"]

#: Where a decoded value is remembered on the request or input it came from.
DecodedParameterName = "_decoded_payload"
DefaultOutputPrefix = "output-"
DefaultInputPrefix = "input-"


def has_decoded(parametrised_obj: Any) -> bool:
    return DecodedParameterName in parametrised_obj.__dict__


def get_decoded(parametrised_obj: Any) -> Any:
    return parametrised_obj.__dict__[DecodedParameterName]


def get_decoded_or_raw(parametrised_obj: Any) -> Any:
    """The decoded value, else an input's data, else the object itself."""
    if has_decoded(parametrised_obj):
        return get_decoded(parametrised_obj)
    return parametrised_obj.data if isinstance(parametrised_obj, RequestInput) else parametrised_obj


def _remember(parametrised_obj: Any, decoded: Any) -> Any:
    parametrised_obj.__dict__[DecodedParameterName] = decoded
    return decoded


def _content_type(parametrised_obj: Any, metadata: Any = None) -> Optional[str]:
    for source in (parametrised_obj, metadata):
        parameters = getattr(source, "parameters", None)
        if parameters is not None and parameters.content_type:
            return parameters.content_type
    return None


def decode_request_input(
    request_input: RequestInput, metadata_inputs: Dict[str, MetadataTensor] = {}
) -> Optional[Any]:
    """The value by the input's content type, else by that of the metadata; None without one that is known."""
    content_type = _content_type(request_input, metadata_inputs.get(request_input.name))
    codec = None if content_type is None else find_input_codec(content_type)
    return None if codec is None else _remember(request_input, codec.decode_input(request_input))


def decode_inference_request(
    inference_request: InferenceRequest,
    model_settings: Optional[ModelSettings] = None,
    metadata_inputs: Dict[str, MetadataTensor] = {},
) -> Optional[Any]:
    """Every input's value is remembered; then the whole by the request's content type, else the settings'."""
    for request_input in inference_request.inputs:
        decode_request_input(request_input, metadata_inputs)
    content_type = _content_type(inference_request, model_settings)
    codec = None if content_type is None else find_request_codec(content_type)
    if codec is None:
        return inference_request
    return _remember(inference_request, codec.decode_request(inference_request))


def encode_response_output(
    payload: Any, request_output: RequestOutput, metadata_outputs: Dict[str, MetadataTensor] = {}
) -> Optional[ResponseOutput]:
    """The output by the content type asked for, else the metadata's, else by what recognises the value."""
    content_type = _content_type(request_output, metadata_outputs.get(request_output.name))
    codec = find_input_codec(content_type) if content_type else find_input_codec_by_payload(payload)
    return None if codec is None else codec.encode_output(name=request_output.name, payload=payload)


def encode_inference_response(payload: Any, model_settings: ModelSettings) -> Optional[InferenceResponse]:
    """The response by the first request codec that recognises the value."""
    codec = find_request_codec_by_payload(payload)
    if codec is None:
        return None
    return codec.encode_response(model_settings.name, payload, model_settings.version)


class SingleInputRequestCodec(RequestCodec):
    """A request codec of an input codec, for requests and responses of exactly one tensor."""

    InputCodec: Any = None

    @classmethod
    def can_encode(cls, payload: Any) -> bool:
        return cls.InputCodec.can_encode(payload)

    @classmethod
    def encode_response(
        cls, model_name: str, payload: Any, model_version: Optional[str] = None, **kwargs: Any
    ) -> InferenceResponse:
        output = cls.InputCodec.encode_output(f"{DefaultOutputPrefix}1", payload, **kwargs)
        return InferenceResponse(
            model_name=model_name,
            model_version=model_version,
            parameters=Parameters(content_type=cls.ContentType),
            outputs=[output],
        )

    @classmethod
    def decode_response(cls, response: InferenceResponse) -> Any:
        return cls.InputCodec.decode_output(cls._single(response.outputs, "output"))

    @classmethod
    def encode_request(cls, payload: Any, **kwargs: Any) -> InferenceRequest:
        item = cls.InputCodec.encode_input(f"{DefaultInputPrefix}1", payload, **kwargs)
        return InferenceRequest(parameters=Parameters(content_type=cls.ContentType), inputs=[item])

    @classmethod
    def decode_request(cls, request: InferenceRequest) -> Any:
        item = cls._single(request.inputs, "input")
        return get_decoded(item) if has_decoded(item) else cls.InputCodec.decode_input(item)

    @classmethod
    def _single(cls, tensors: List[Any], kind: str) -> Any:
        if len(tensors) != 1:
            raise CodecError(
                f"The '{cls.ContentType}' codec only supports a single {kind} tensor ({len(tensors)} were received)"
            )
        return tensors[0]
