from mlserver import MLModel
from mlserver.codecs import StringCodec
from mlserver.types import InferenceRequest, InferenceResponse
from mlserver.utils import get_model_uri


class Uri(MLModel):
    """Tells where its artefact is."""

    async def load(self) -> bool:
        self.uri = await get_model_uri(self.settings)
        return True

    async def predict(self, payload: InferenceRequest) -> InferenceResponse:
        return InferenceResponse(model_name=self.name, outputs=[StringCodec.encode_output("uri", [self.uri])])
