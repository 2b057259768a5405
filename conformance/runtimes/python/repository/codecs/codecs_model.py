from mlserver import MLModel
from mlserver.types import InferenceRequest, InferenceResponse, RequestOutput


class Codecs(MLModel):
    """Answers each input with what it decodes to, told as text and encoded again."""

    async def predict(self, payload: InferenceRequest) -> InferenceResponse:
        outputs = []
        for item in payload.inputs:
            value = self.decode(item)
            kind = type(value).__name__
            told = [] if kind == "TensorData" else value
            text = f"{kind} {getattr(told, 'dtype', '')} {getattr(told, 'shape', '')} {list(told)!r}"
            outputs.append(self.encode([text], RequestOutput(name=f"{item.name} told")))
            if kind != "TensorData":
                outputs.append(self.encode(value, RequestOutput(name=item.name)))
        return InferenceResponse(model_name=self.name, outputs=outputs)
