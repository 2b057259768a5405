from math import inf, nan

from mlserver import MLModel
from mlserver.types import InferenceRequest, InferenceResponse, Parameters, ResponseOutput


class Echo(MLModel):
    """
    Answers with its inputs and its parameters, under an id of its own. The parameter `special` asks for an output with
    NaN and the infinities.
    """

    async def predict(self, payload: InferenceRequest) -> InferenceResponse:
        parameters = payload.parameters.model_dump() if payload.parameters else {}
        parameters.pop("headers", None)
        if parameters.get("special"):
            outputs = [ResponseOutput(name="special", datatype="FP64", shape=[4], data=[nan, inf, -inf, 1.5])]
        else:
            outputs = [
                ResponseOutput(name=tensor.name, shape=tensor.shape, datatype=tensor.datatype, data=tensor.data)
                for tensor in payload.inputs
            ]
        return InferenceResponse(
            id="chosen-by-the-model",
            model_name=self.name,
            model_version=self.version,
            parameters=Parameters(**parameters),
            outputs=outputs,
        )
