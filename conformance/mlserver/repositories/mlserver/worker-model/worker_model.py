import os
import signal
from typing import AsyncIterator

from mlserver import MLModel
from mlserver.codecs import StringCodec
from mlserver.types import InferenceRequest, InferenceResponse


class Worker(MLModel):
    """Tells which worker answers. With the parameter `die` it ends that worker at once."""

    async def predict(self, payload: InferenceRequest) -> InferenceResponse:
        if getattr(payload.parameters, "die", False):
            os.kill(os.getpid(), signal.SIGKILL)
        return InferenceResponse(
            model_name=self.name, outputs=[StringCodec.encode_output("worker", [str(os.getpid())])]
        )

    async def predict_stream(self, payloads: AsyncIterator[InferenceRequest]) -> AsyncIterator[InferenceResponse]:
        async for payload in payloads:
            yield await self.predict(payload)
            yield await self.predict(payload)
