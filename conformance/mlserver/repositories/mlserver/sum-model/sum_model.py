from typing import Dict, List

from fastapi import Body
from mlserver import MLModel
from mlserver.codecs import NumpyCodec
from mlserver.handlers import custom_handler
from mlserver.types import InferenceRequest, InferenceResponse, Parameters


class Sum(MLModel):
    """The sum over the last axis of the first input, every `x-` header back, and two routes of its own."""

    @custom_handler(rest_path="/my-custom-endpoint")
    async def add(self, numbers: List[int]) -> int:
        return sum(numbers)

    @custom_handler(rest_path="/custom-endpoint-with-long-response")
    async def repeat(self, length: int = Body()) -> Dict[str, str]:
        return {"foo": "f" * length}

    async def predict(self, payload: InferenceRequest) -> InferenceResponse:
        values = self.decode(payload.inputs[0], default_codec=NumpyCodec)
        totals = values.sum(axis=-1).astype("int64").reshape(-1, 1)
        headers = getattr(payload.parameters, "headers", None) or {}
        return InferenceResponse(
            model_name=self.name,
            model_version=self.version,
            parameters=Parameters(headers={k: v for k, v in headers.items() if k.startswith("x-")}),
            outputs=[NumpyCodec.encode_output("total", totals)],
        )
