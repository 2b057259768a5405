from mlserver import MLModel
from mlserver.codecs import NumpyRequestCodec
from mlserver.errors import InferenceError, MLServerError, ModelNotFound
from mlserver.types import InferenceRequest, InferenceResponse, RequestOutput


class Errors(MLModel):
    async def predict(self, payload: InferenceRequest) -> InferenceResponse:
        what = payload.inputs[0].name
        if what == "declared":
            raise MLServerError("declared")
        if what == "teapot":
            raise MLServerError("short and stout", 418)
        if what == "unavailable":
            raise MLServerError("come back", 503)
        if what == "not found":
            raise ModelNotFound("other", "v3")
        if what == "inference":
            raise InferenceError("cannot infer")
        if what == "codec":
            NumpyRequestCodec.decode_request(payload)
        if what == "no codec":
            self.encode(object(), RequestOutput(name="odd"))
        raise ValueError("not declared")
