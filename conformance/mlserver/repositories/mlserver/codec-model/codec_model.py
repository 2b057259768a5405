import numpy as np
from mlserver import MLModel
from mlserver.codecs import Base64Codec, NumpyCodec
from mlserver.types import InferenceRequest, InferenceResponse


class Codec(MLModel):
    """
    Bytes and moments, decoded by their content types: how many bytes, which second since the epoch; and the bytes back.
    """

    async def predict(self, payload: InferenceRequest) -> InferenceResponse:
        values = {tensor.name: self.decode(tensor) for tensor in payload.inputs}
        sizes = np.array([float(len(data)) for data in values["blob"]])
        seconds = np.array([moment.timestamp() for moment in values["when"]])
        return InferenceResponse(
            model_name=self.name,
            outputs=[
                NumpyCodec.encode_output("sizes", sizes),
                NumpyCodec.encode_output("seconds", seconds),
                Base64Codec.encode_output("blob", values["blob"]),
            ],
        )
