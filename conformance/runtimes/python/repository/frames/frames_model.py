from mlserver import MLModel
from mlserver.codecs import PandasCodec
from mlserver.types import InferenceRequest, InferenceResponse


class Frames(MLModel):
    async def predict(self, payload: InferenceRequest) -> InferenceResponse:
        frame = self.decode_request(payload, default_codec=PandasCodec)
        lengths = frame.select_dtypes("number").copy()
        for name in frame.columns:
            if name not in lengths:
                lengths[f"{name} length"] = frame[name].map(len)
        return self.encode_response(lengths)
