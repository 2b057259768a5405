from mlserver import MLModel
from mlserver.codecs import StringRequestCodec
from mlserver.types import InferenceRequest, InferenceResponse


class Strings(MLModel):
    async def predict(self, payload: InferenceRequest) -> InferenceResponse:
        words = self.decode_request(payload)
        return StringRequestCodec.encode_response(self.name, [word[::-1] for word in words], self.version)
