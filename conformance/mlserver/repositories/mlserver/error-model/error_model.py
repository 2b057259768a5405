from mlserver import MLModel
from mlserver.errors import MLServerError
from mlserver.types import InferenceRequest, InferenceResponse


class Failing(MLModel):
    """
    Does not load if `parameters.load_error` is true, and never answers. With the parameter `kind: plain` it fails
    unforeseen.
    """

    async def load(self) -> bool:
        if getattr(self.settings.parameters, "load_error", False):
            raise MLServerError("something really bad happened")
        return True

    async def predict(self, payload: InferenceRequest) -> InferenceResponse:
        if getattr(payload.parameters, "kind", None) == "plain":
            raise ValueError("something really bad happened")
        raise MLServerError("something really bad happened")
