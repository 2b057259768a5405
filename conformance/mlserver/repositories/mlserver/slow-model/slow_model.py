import asyncio
from pathlib import Path

from mlserver import MLModel
from mlserver.codecs import StringCodec
from mlserver.types import InferenceRequest, InferenceResponse


class Slow(MLModel):
    """
    Does what files in `parameters.extra.marks` say: `load` waits while there is `hold-load`; `predict` writes
    `entered` and waits until there is `release`; `unload` writes `unloaded`. Its one output is
    `parameters.extra.answer`.
    """

    def mark(self, name: str) -> Path:
        return Path(self.settings.parameters.extra.get("marks", ".")) / name

    async def load(self) -> bool:
        while self.mark("hold-load").exists():
            await asyncio.sleep(0.02)
        return True

    async def predict(self, payload: InferenceRequest) -> InferenceResponse:
        self.mark("entered").touch()
        while not self.mark("release").exists():
            await asyncio.sleep(0.02)
        answer = self.settings.parameters.extra.get("answer", "done")
        return InferenceResponse(model_name=self.name, outputs=[StringCodec.encode_output("output", [answer])])

    async def unload(self) -> bool:
        self.mark("unloaded").touch()
        return True
