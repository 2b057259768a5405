from typing import List, Tuple

import numpy as np
from mlserver import MLModel
from mlserver.codecs.decorator import decode_args


class Simple(MLModel):
    """Named and decoded arguments: numbers `foo`, texts `bar`."""

    @decode_args
    async def predict(self, foo: np.ndarray, bar: List[str]) -> Tuple[np.ndarray, List[str]]:
        return np.array([foo.sum()]), [text.upper() for text in bar]
