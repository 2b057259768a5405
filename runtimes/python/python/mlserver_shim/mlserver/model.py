"""The class that custom models extend."""

from typing import Any, AsyncIterator, List, Optional

from .codecs import (
    InputCodecLike,
    RequestCodecLike,
    decode_inference_request,
    decode_request_input,
    encode_inference_response,
    encode_response_output,
    get_decoded_or_raw,
    has_decoded,
)
from .codecs.errors import CodecNotFound
from .settings import ModelSettings
from .types import (
    InferenceRequest,
    InferenceResponse,
    MetadataModelResponse,
    MetadataTensor,
    Parameters,
    RequestInput,
    RequestOutput,
    ResponseOutput,
)


class MLModel:
    """Override `predict`, or `predict_stream`, and `load` for what is to be done once before."""

    def __init__(self, settings: ModelSettings) -> None:
        self._settings = settings
        self._inputs = {tensor.name: tensor for tensor in settings.inputs}
        self._outputs = {tensor.name: tensor for tensor in settings.outputs}
        self.ready = False

    async def load(self) -> bool:
        return True

    async def predict(self, payload: InferenceRequest) -> InferenceResponse:
        raise NotImplementedError("predict() method not implemented")

    async def predict_stream(self, payloads: AsyncIterator[InferenceRequest]) -> AsyncIterator[InferenceResponse]:
        payload = None
        async for payload in payloads:
            break
        if payload is not None:
            yield await self.predict(payload)

    async def unload(self) -> bool:
        return True

    @property
    def settings(self) -> ModelSettings:
        return self._settings

    @property
    def name(self) -> str:
        return self._settings.name

    @property
    def version(self) -> Optional[str]:
        return self._settings.version

    @property
    def inputs(self) -> List[MetadataTensor]:
        return list(self._inputs.values())

    @inputs.setter
    def inputs(self, tensors: List[MetadataTensor]) -> None:
        self._inputs = {tensor.name: tensor for tensor in tensors}

    @property
    def outputs(self) -> List[MetadataTensor]:
        return list(self._outputs.values())

    @outputs.setter
    def outputs(self, tensors: List[MetadataTensor]) -> None:
        self._outputs = {tensor.name: tensor for tensor in tensors}

    async def metadata(self) -> MetadataModelResponse:
        settings = self._settings
        parameters = None
        if settings.parameters is not None:
            parameters = Parameters(content_type=settings.parameters.content_type)
        return MetadataModelResponse(
            name=self.name,
            platform=settings.platform,
            versions=settings.versions,
            inputs=self.inputs,
            outputs=self.outputs,
            parameters=parameters,
        )

    def decode(self, request_input: RequestInput, default_codec: Optional[InputCodecLike] = None) -> Any:
        """An input's value, by its content type, else that of the metadata, else the default, else its raw data."""
        decode_request_input(request_input, self._inputs)
        if default_codec is not None and not has_decoded(request_input):
            return default_codec.decode_input(request_input)
        return get_decoded_or_raw(request_input)

    def decode_request(self, inference_request: InferenceRequest, default_codec: Optional[RequestCodecLike] = None) -> Any:
        """A request's value, by its content type, else that of the settings, else the default, else itself."""
        decode_inference_request(inference_request, self._settings, self._inputs)
        if default_codec is not None and not has_decoded(inference_request):
            return default_codec.decode_request(inference_request)
        return get_decoded_or_raw(inference_request)

    def encode(
        self, payload: Any, request_output: RequestOutput, default_codec: Optional[InputCodecLike] = None
    ) -> ResponseOutput:
        """An output of that name, by the content type asked for, else the metadata's, else what suits the value."""
        output = encode_response_output(payload, request_output, self._outputs)
        if output is not None:
            return output
        if default_codec is None:
            raise CodecNotFound(name=request_output.name)
        return default_codec.encode_output(request_output.name, payload)

    def encode_response(self, payload: Any, default_codec: Optional[RequestCodecLike] = None) -> InferenceResponse:
        """A response of a whole value."""
        response = encode_inference_response(payload, self._settings)
        if response is not None:
            return response
        if default_codec is None:
            raise CodecNotFound(payload_type=type(payload))
        return default_codec.encode_response(self.name, payload, self.version)
