import json

from mlserver import MLModel
from mlserver.codecs import StringCodec
from mlserver.types import InferenceRequest, InferenceResponse, Parameters, ResponseOutput


class Raw(MLModel):
    """Works on the request as it is, without codecs."""

    async def predict(self, payload: InferenceRequest) -> InferenceResponse:
        told = {
            "id": payload.id,
            "extra": payload.parameters.extra_parameter,
            "client": payload.parameters.headers.get("x-client"),
            "asked": [output.name for output in payload.outputs or []],
            "inputs": [
                [item.name, item.datatype, item.shape, list(item.data), item.parameters and item.parameters.model_dump()]
                for item in payload.inputs
            ],
        }
        outputs = [
            StringCodec.encode_output("told", [json.dumps(told)]),
            ResponseOutput(name="nested", shape=[2, 2], datatype="INT32", data=[[1, 2], [3, 4]]),
            ResponseOutput(name="null", shape=[2], datatype="FP32", data=[0.5, None]),
            ResponseOutput(name="flags", shape=[2], datatype="BOOL", data=[True, False]),
            ResponseOutput(name="large", shape=[2], datatype="UINT64", data=[2**64 - 1, 0]),
        ]
        parameters = Parameters(content_type="own", nothing=None, number=1.5, headers={"x-model": "raw"})
        return InferenceResponse(model_name=self.name, parameters=parameters, outputs=outputs)
