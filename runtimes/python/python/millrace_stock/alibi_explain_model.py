"""Alibi's explainers, of models behind a V2 address or of models in the same process."""

import asyncio
import json
from typing import Any, Dict, NamedTuple, Optional

import numpy as np
from mlserver import MLModel
from mlserver.codecs import NumpyRequestCodec, StringCodec
from mlserver.errors import InferenceError
from mlserver.handlers import custom_handler
from mlserver.types import InferenceRequest, InferenceResponse, Parameters
from mlserver.utils import get_model_uri

from .explained_model import RemoteModel
from .extra_settings import extra_of, with_environment
from .http_body import Response
from .library import require
from .not_loadable import NotLoadable
from .pickled import open_pickle
from .request_parameters import model_parameters

VARIABLES = "MLSERVER_MODEL_ALIBI_EXPLAIN_"
SETTINGS = ("infer_uri", "explainer_type", "explainer_batch", "infer_output", "init_parameters", "ssl_verify_path")


class Explainer(NamedTuple):
    #: The class in `alibi.explainers`.
    name: str
    #: What it explains: `remote` is asked over HTTP; `keras` and `tree` are opened from the file `infer_uri`.
    explains: str


EXPLAINERS = {
    "anchor_image": Explainer("AnchorImage", "remote"),
    "anchor_tabular": Explainer("AnchorTabular", "remote"),
    "anchor_text": Explainer("AnchorText", "remote"),
    "kernel_shap": Explainer("KernelShap", "remote"),
    "integrated_gradients": Explainer("IntegratedGradients", "keras"),
    "tree_shap": Explainer("TreeShap", "tree"),
    "tree_partial_dependence": Explainer("TreePartialDependence", "tree"),
    "tree_partial_dependence_variance": Explainer("PartialDependenceVariance", "tree"),
}


class AlibiExplainRuntime(MLModel):
    """Answers one output `explanation`, a JSON text; `POST /explain` answers the JSON itself.

    A request's parameter `explain_parameters` goes to the explainer's `explain`. Settings in `parameters.extra`, or as
    `MLSERVER_MODEL_ALIBI_EXPLAIN_*`: `infer_uri` and `explainer_type` (both needed), `explainer_batch` (whether the
    explainer takes all rows at once; default: only the first is explained), `infer_output` (which output of the
    explained model counts; default the first), `init_parameters` (makes a new explainer instead of loading one),
    `ssl_verify_path` (certificates to trust in calls to the explained model).
    """

    async def load(self) -> bool:
        self._options = with_environment(extra_of(self.settings), VARIABLES, SETTINGS)
        kind = self._options.get("explainer_type")
        if kind not in EXPLAINERS:
            raise NotLoadable(f"explainer_type is {kind!r}; allowed are {', '.join(EXPLAINERS)}")
        if not isinstance(self._options.get("infer_uri"), str):
            raise NotLoadable("infer_uri is missing: the address of the model to explain, or its file")
        self._kind = EXPLAINERS[kind]
        explainers = require("alibi.explainers", "alibi", "AlibiExplainRuntime")
        explained = self._explained()
        parameters = self._options.get("init_parameters")
        if parameters is not None:
            self._explainer = getattr(explainers, self._kind.name)(explained, **parameters)
            return True
        saving = require("alibi.saving", "alibi", "AlibiExplainRuntime")
        folder = await get_model_uri(self.settings)
        # Alibi asks the explained model while it loads; that must not hold up this process.
        self._explainer = await asyncio.to_thread(saving.load_explainer, path=folder, predictor=explained)
        return True

    def _explained(self) -> Any:
        address = self._options["infer_uri"]
        self._keras: Optional[Any] = None
        if self._kind.explains == "remote":
            return RemoteModel(address, self._options.get("infer_output"), self._options.get("ssl_verify_path"))
        if self._kind.explains == "keras":
            tensorflow = require("tensorflow", "tensorflow", "AlibiExplainRuntime")
            self._keras = tensorflow.keras.models.load_model(address)
            return self._keras
        return open_pickle(address, "AlibiExplainRuntime")

    async def predict(self, payload: InferenceRequest) -> InferenceResponse:
        text = await self._explain(payload)
        headers = {
            "x-seldon-alibi-type": "explanation",
            "x-seldon-alibi-method": type(self._explainer).__module__.rsplit(".", 1)[-1],
        }
        return InferenceResponse(
            model_name=self.name,
            model_version=self.version,
            parameters=Parameters(headers=headers),
            outputs=[StringCodec.encode_output("explanation", [text])],
        )

    @custom_handler(rest_path="/explain")
    async def explain(self, request: InferenceRequest) -> Response:
        return Response(content=await self._explain(request), media_type="application/json")

    async def _explain(self, request: InferenceRequest) -> str:
        rows = self.decode_request(request, default_codec=NumpyRequestCodec)
        if hasattr(rows, "columns"):
            rows = np.array(rows)
        parameters: Any = model_parameters(request).get("explain_parameters") or {}
        if isinstance(parameters, str):
            parameters = _json_object(parameters)
        if self._kind.explains == "remote" and not self._options.get("explainer_batch"):
            rows = rows[0]
        if self._keras is not None and "target" not in parameters:
            parameters = {**parameters, "target": np.argmax(np.asarray(self._keras(rows)), axis=1)}
        explanation = await asyncio.to_thread(self._explainer.explain, rows, **parameters)
        return explanation.to_json()


def _json_object(text: str) -> Dict[str, Any]:
    try:
        value = json.loads(text)
    except ValueError as error:
        raise InferenceError(f"explain_parameters is not JSON: {error}") from error
    if not isinstance(value, dict):
        raise InferenceError(f"explain_parameters is {text}; expected an object")
    return value
