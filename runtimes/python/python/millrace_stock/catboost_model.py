"""CatBoost models: classifiers, regressors and rankers."""

from typing import Any

from mlserver import MLModel
from mlserver.codecs import NumpyRequestCodec
from mlserver.errors import InferenceError
from mlserver.types import InferenceRequest, InferenceResponse
from mlserver.utils import get_model_uri

from .library import require
from .not_loadable import NotLoadable
from .output_names import encode_results, requested_methods

MODEL_FILES = ["model.cbm", "model.bin"]
METHODS = ["predict", "predict_proba"]

#: Loss functions of regressors and rankers; a parameter may follow the name, as in `Quantile:alpha=0.9`.
_REGRESSION = frozenset(
    "RMSE MAE MAPE Quantile MultiQuantile LogLinQuantile Lq Poisson Huber Expectile Tweedie LogCosh SurvivalAft Cox "
    "RMSEWithUncertainty MultiRMSE MultiRMSEWithMissingValues GroupQuantile".split()
)
_RANKING = frozenset(
    "PairLogit PairLogitPairwise YetiRank YetiRankPairwise QueryRMSE QuerySoftMax QueryCrossEntropy StochasticFilter "
    "StochasticRank LambdaMart".split()
)


class CatboostModel(MLModel):
    """Answers `predict`: classes, or values and scores of models that were trained for those.

    A model whose training parameters were not kept in the file is taken for a classifier. Classifiers also answer
    `predict_proba` where a request asks for it.
    """

    async def load(self) -> bool:
        catboost = require("catboost", "catboost", "CatboostModel")
        self._error = catboost.CatBoostError
        file = await get_model_uri(self.settings, wellknown_filenames=MODEL_FILES)
        layout = "json" if file.endswith(".json") else "cbm"
        try:
            probe = catboost.CatBoost()
            probe.load_model(file, format=layout)
            self._model = getattr(catboost, _kind_of(probe))()
            self._model.load_model(file, format=layout)
        except catboost.CatBoostError as error:
            raise NotLoadable(f"{file} is not a CatBoost model in {layout} layout: {error}") from error
        return True

    async def predict(self, payload: InferenceRequest) -> InferenceResponse:
        wanted = requested_methods(payload, "predict", METHODS, "CatboostModel")
        for output in wanted:
            if not hasattr(self._model, output.name):
                raise InferenceError(f"{type(self._model).__name__} has no {output.name!r}")
        rows = self.decode_request(payload, default_codec=NumpyRequestCodec)
        try:
            results = [getattr(self._model, output.name)(rows) for output in wanted]
        except self._error as error:
            raise InferenceError(str(error)) from error
        return InferenceResponse(
            model_name=self.name,
            model_version=self.version,
            outputs=encode_results(self, wanted, results),
        )


def _kind_of(model: Any) -> str:
    """The name of the class that the model was trained as."""
    loss = str(model.get_all_params().get("loss_function", "")).split(":", 1)[0]
    if loss in _REGRESSION:
        return "CatBoostRegressor"
    return "CatBoostRanker" if loss in _RANKING else "CatBoostClassifier"
