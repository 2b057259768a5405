"""The content type `dict`: arrays by name, one tensor each."""

from typing import Any, Dict, Optional

import numpy as np
from mlserver.codecs import NumpyCodec, RequestCodec, get_decoded_or_raw, register_request_codec
from mlserver.types import InferenceRequest, InferenceResponse, Parameters


@register_request_codec
class TensorDictCodec(RequestCodec):
    """An object whose members are numpy arrays, between Python and the wire, in either direction."""

    ContentType = "dict"
    TypeHint = Dict[str, np.ndarray]

    @classmethod
    def can_encode(cls, payload: Any) -> bool:
        return (
            isinstance(payload, dict)
            and len(payload) > 0
            and all(isinstance(value, np.ndarray) for value in payload.values())
        )

    @classmethod
    def encode_request(cls, payload: Dict[str, np.ndarray], **options: Any) -> InferenceRequest:
        inputs = [NumpyCodec.encode_input(name, value, **options) for name, value in payload.items()]
        return InferenceRequest(inputs=inputs, parameters=Parameters(content_type=cls.ContentType))

    @classmethod
    def decode_request(cls, request: InferenceRequest) -> Dict[str, np.ndarray]:
        return {tensor.name: get_decoded_or_raw(tensor) for tensor in request.inputs}

    @classmethod
    def encode_response(
        cls, model_name: str, payload: Dict[str, np.ndarray], model_version: Optional[str] = None, **options: Any
    ) -> InferenceResponse:
        outputs = [NumpyCodec.encode_output(name, value, **options) for name, value in payload.items()]
        return InferenceResponse(
            model_name=model_name,
            model_version=model_version,
            outputs=outputs,
            parameters=Parameters(content_type=cls.ContentType),
        )

    @classmethod
    def decode_response(cls, response: InferenceResponse) -> Dict[str, np.ndarray]:
        return {tensor.name: NumpyCodec.decode_output(tensor) for tensor in response.outputs}


def as_columns(answer: Any) -> Any:
    """What a model answers in a form that a request codec recognises: tables, arrays, text, arrays by name."""
    if type(answer).__name__ == "Series":
        return answer.to_numpy()
    if isinstance(answer, dict):
        return {name: value if isinstance(value, np.ndarray) else np.asarray(value) for name, value in answer.items()}
    if isinstance(answer, list) and len(answer) > 0:
        if all(isinstance(value, dict) for value in answer):
            import pandas  # MLflow has it; nothing else here does

            return pandas.DataFrame(answer)
        if not all(isinstance(value, str) for value in answer):
            return np.asarray(answer)
    return answer
