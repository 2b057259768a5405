"""Prints how long one small predict takes inside Python, in microseconds: the median of single calls on a running loop."""

import asyncio
import os
import sys
import time

FOLDER = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(FOLDER, "echo"), sys.argv[1]]

import numpy as np  # noqa: E402
from mlserver import ModelSettings  # noqa: E402
from mlserver.types import InferenceRequest, RequestInput, TensorData  # noqa: E402
from numpy_echo import NumpyEcho  # noqa: E402


async def measure(count: int) -> float:
    model = NumpyEcho(ModelSettings(name="echo", implementation=NumpyEcho))
    await model.load()
    times = []
    for _ in range(count):
        data = TensorData.of_array(np.array([[1, 2, 3, 4]], np.float32))
        request = InferenceRequest(id="1", inputs=[RequestInput(name="x", shape=[1, 4], datatype="FP32", data=data)])
        start = time.perf_counter()
        await model.predict(request)
        times.append(time.perf_counter() - start)
    return sorted(times)[count // 2] * 1e6


print(asyncio.run(measure(int(sys.argv[2]))))
