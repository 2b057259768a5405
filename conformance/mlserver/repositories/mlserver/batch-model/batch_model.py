import asyncio
from pathlib import Path

import numpy as np
from mlserver import MLModel
from mlserver.codecs import NumpyCodec
from mlserver.errors import MLServerError
from mlserver.types import InferenceRequest, InferenceResponse, Parameters

calls = 0


class Batch(MLModel):
    """
    Tells for every row its `sum`, how many `rows` the call had, and which `call` of this process it was; and every
    `x-` header back. A value of -1 makes the call fail, one of -2 answer without outputs, one of
    -3 write `entered` into the folder `parameters.extra.marks` and wait until there is `release`.
    """

    async def predict(self, payload: InferenceRequest) -> InferenceResponse:
        global calls
        values = NumpyCodec.decode_input(payload.inputs[0])
        if (values == -1).any():
            raise MLServerError("something really bad happened")
        if (values == -3).any():
            marks = Path(self.settings.parameters.extra["marks"])
            (marks / "entered").touch()
            while not (marks / "release").exists():
                await asyncio.sleep(0.02)
        outputs = []
        if not (values == -2).any():
            calls += 1
            rows = values.shape[0]
            columns = {
                "sum": values.reshape(rows, -1).sum(axis=1),
                "rows": np.full(rows, rows),
                "call": np.full(rows, calls),
            }
            outputs = [
                NumpyCodec.encode_output(name, column.astype("float64").reshape(-1, 1))
                for name, column in columns.items()
            ]
        headers = getattr(payload.parameters, "headers", None) or {}
        return InferenceResponse(
            model_name=self.name,
            parameters=Parameters(headers={k: v for k, v in headers.items() if k.startswith("x-")}),
            outputs=outputs,
        )
