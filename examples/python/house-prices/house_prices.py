"""A price from area, rooms and age: a linear model whose weights lie beside it."""

import json

import numpy as np
from mlserver import MLModel
from mlserver.codecs import NumpyCodec
from mlserver.errors import MLServerError
from mlserver.types import InferenceRequest, InferenceResponse
from mlserver.utils import get_model_uri


class HousePrices(MLModel):
    async def load(self) -> bool:
        with open(await get_model_uri(self.settings)) as file:
            described = json.load(file)
        self._weights = np.array(described["weights"])
        self._base = described["base"]
        return True

    async def predict(self, payload: InferenceRequest) -> InferenceResponse:
        houses = self.decode(payload.inputs[0], default_codec=NumpyCodec)
        if (houses[:, 0] <= 0).any():
            raise MLServerError("a house has an area of more than 0 square metres")
        prices = houses @ self._weights + self._base
        return InferenceResponse(
            model_name=self.name,
            outputs=[NumpyCodec.encode_output("price", prices)],
        )
