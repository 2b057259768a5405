import asyncio
import re
from typing import AsyncIterator

from mlserver import MLModel
from mlserver.codecs import StringCodec
from mlserver.errors import MLServerError
from mlserver.types import InferenceRequest, InferenceResponse


class TextStream(MLModel):
    """
    Streams the words of its text, each but the first with the space before it. Parameters: `delay_ms` between two
    words, and `fail_after` so many words.
    """

    async def predict_stream(self, payloads: AsyncIterator[InferenceRequest]) -> AsyncIterator[InferenceResponse]:
        async for payload in payloads:
            text = StringCodec.decode_input(payload.inputs[0])[0]
            for index, word in enumerate(re.split("(?= )", text)):
                if getattr(payload.parameters, "fail_after", None) == index:
                    raise MLServerError("something really bad happened")
                if index > 0:
                    await asyncio.sleep(getattr(payload.parameters, "delay_ms", 0) / 1000)
                yield InferenceResponse(
                    model_name=self.name, outputs=[StringCodec.encode_output("output", [word])]
                )
