from typing import List, Optional, Tuple

import numpy as np
from mlserver import MLModel
from mlserver.codecs import decode_args


class Args(MLModel):
    @decode_args
    async def predict(self, numbers: np.ndarray, words: List[str], more: Optional[List[str]] = None) -> Tuple[np.ndarray, List[str]]:
        return numbers * 2, [word.upper() for word in words] + (more or ["nothing more"])
