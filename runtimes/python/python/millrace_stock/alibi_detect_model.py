"""Alibi Detect's detectors of outliers, drift and adversarial inputs."""

import os
from typing import Any, Dict, List

import mlserver
import numpy as np
from mlserver import MLModel
from mlserver.codecs import NumpyCodec, NumpyRequestCodec
from mlserver.errors import InferenceError, MLServerError
from mlserver.types import InferenceRequest, InferenceResponse, Parameters
from mlserver.utils import get_model_uri

from .extra_settings import extra_of, with_environment
from .library import require
from .not_loadable import NotLoadable

VARIABLES = "MLSERVER_MODEL_ALIBI_DETECT_"
METRIC = "seldon_model_drift"
KINDS = {"cd": "drift", "od": "outlier", "ad": "adversarial"}


class AlibiDetectRuntime(MLModel):
    """Answers one output for each thing that the detector says of the inputs.

    Settings in `parameters.extra`, or as `MLSERVER_MODEL_ALIBI_DETECT_*`: `predict_parameters` (for the detector's
    `predict`), `batch_size` (requests are collected, and all but the last of a batch are answered without outputs),
    `state_save_freq` (default 100; detectors that learn while they serve save their state that often).
    """

    async def load(self) -> bool:
        names = ("predict_parameters", "batch_size", "state_save_freq")
        extra = with_environment(extra_of(self.settings), VARIABLES, names)
        self._predict_parameters: Dict[str, Any] = extra.get("predict_parameters") or {}
        self._batch_size = _count(extra, "batch_size", 0)
        self._save_every = _count(extra, "state_save_freq", 100)
        if not isinstance(self._predict_parameters, dict):
            raise NotLoadable(f"predict_parameters is {self._predict_parameters!r}; expected an object")
        self._waiting: List[np.ndarray] = []
        saving = require("alibi_detect.saving", "alibi-detect", "AlibiDetectRuntime")
        self._folder = await get_model_uri(self.settings)
        try:
            self._detector = saving.load_detector(self._folder)
        except (ValueError, FileNotFoundError, EOFError, NotImplementedError) as error:
            raise NotLoadable(f"{self._folder} holds no detector that can be loaded: {error}") from error
        self._learns = hasattr(self._detector, "save_state")
        *_, kind, self._method = ["", *type(self._detector).__module__.split(".")]
        self._kind = KINDS.get(kind, "unknown")
        mlserver.register(METRIC, "Whether the detector sees drift")
        return True

    async def predict(self, payload: InferenceRequest) -> InferenceResponse:
        rows = np.asarray(self.decode_request(payload, default_codec=NumpyRequestCodec))
        if self._batch_size > 0 and not self._learns:
            self._waiting.append(rows)
            if len(self._waiting) < self._batch_size:
                return InferenceResponse(model_name=self.name, model_version=self.version, outputs=[])
            rows = self._take_batch()
        # A detector that learns is shown one instance after the other.
        instances = list(rows) if self._learns and len(rows) > 1 else [rows]
        return self._answer([self._detect(instance) for instance in instances])

    def _take_batch(self) -> np.ndarray:
        batch, self._waiting = self._waiting, []
        try:
            return np.concatenate(batch)
        except ValueError as error:
            raise InferenceError(f"the requests of one batch do not fit together: {error}") from error

    def _detect(self, instance: np.ndarray) -> Dict[str, Any]:
        try:
            found = self._detector.predict(instance, **self._predict_parameters)
        except (ValueError, IndexError) as error:
            raise InferenceError(f"the detector refuses the inputs or predict_parameters: {error}") from error
        for value in np.atleast_1d(found.get("data", {}).get("is_drift", [])):
            mlserver.log(**{METRIC: float(value)})
        if self._learns and self._detector.t > 0 and self._detector.t % self._save_every == 0:
            try:
                self._detector.save_state(os.path.join(self._folder, "state"))
            except Exception as error:
                raise MLServerError(f"the detector's state could not be saved: {error}") from error
        return found

    def _answer(self, found: List[Dict[str, Any]]) -> InferenceResponse:
        outputs = [
            NumpyCodec.encode_output(name, np.array([one["data"][name] for one in found])) for name in found[0]["data"]
        ]
        headers = {"x-seldon-alibi-type": self._kind, "x-seldon-alibi-method": self._method}
        parameters = Parameters(**{**found[0].get("meta", {}), "headers": headers})
        return InferenceResponse(
            model_name=self.name, model_version=self.version, parameters=parameters, outputs=outputs
        )


def _count(extra: Dict[str, Any], name: str, default: int) -> int:
    value = extra.get(name)
    if value is None:
        return default
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise NotLoadable(f"{name} is {value!r}; expected a whole number from 1")
    return value
