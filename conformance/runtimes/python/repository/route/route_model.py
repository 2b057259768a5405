from typing import List

from mlserver import MLModel
from mlserver.handlers import custom_handler
from mlserver.types import InferenceRequest, InferenceResponse


class Routed(MLModel):
    async def predict(self, payload: InferenceRequest) -> InferenceResponse:
        return InferenceResponse(model_name=self.name, outputs=[])

    @custom_handler(rest_path="/total")
    async def total(self, numbers: List[int]) -> int:
        return sum(numbers)

    @custom_handler(rest_path="/greet/{name}", rest_method="GET")
    async def greet(self, name: str, times: int = 1, loud: bool = False) -> dict:
        return {"greeting": ["HELLO" if loud else "hello", name] * times}
