import mlserver
from mlserver import MLModel
from mlserver.logging import get_logger
from mlserver.types import InferenceRequest, InferenceResponse, ResponseOutput


class Telemetry(MLModel):
    """Logs what is awkward to log, and adds to a metric of its own."""

    async def load(self) -> bool:
        mlserver.register("probe_observations", "What the probe has observed")
        return True

    async def predict(self, payload: InferenceRequest) -> InferenceResponse:
        get_logger().info('probe says "quoted"\nand goes on')
        mlserver.log(probe_observations=1)
        return InferenceResponse(
            model_name=self.name,
            outputs=[
                ResponseOutput(name=tensor.name, shape=tensor.shape, datatype=tensor.datatype, data=tensor.data)
                for tensor in payload.inputs
            ],
        )
