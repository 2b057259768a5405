"""XGBoost models that were pickled: boosters, and the classes with scikit-learn's interface."""

from mlserver import MLModel
from mlserver.codecs import NumpyRequestCodec
from mlserver.errors import InferenceError
from mlserver.types import InferenceRequest, InferenceResponse
from mlserver.utils import get_model_uri

from .library import require
from .not_loadable import NotLoadable
from .output_names import encode_results, requested_methods
from .pickled import open_pickle

MODEL_FILES = ["model.joblib", "model.pickle", "model.pkl"]
METHODS = ["predict", "predict_proba"]


class XGBoostModel(MLModel):
    """Answers `predict`, and `predict_proba` of classifiers where a request asks for it."""

    async def load(self) -> bool:
        self._xgboost = require("xgboost", "xgboost", "XGBoostModel")
        file = await get_model_uri(self.settings, wellknown_filenames=MODEL_FILES)
        self._model = open_pickle(file, "XGBoostModel")
        if not isinstance(self._model, (self._xgboost.Booster, self._xgboost.XGBModel)):
            raise NotLoadable(f"{file} holds a {type(self._model).__name__}, which is no XGBoost model")
        return True

    async def predict(self, payload: InferenceRequest) -> InferenceResponse:
        wanted = requested_methods(payload, "predict", METHODS, "XGBoostModel")
        for output in wanted:
            if not hasattr(self._model, output.name):
                raise InferenceError(f"{type(self._model).__name__} has no {output.name!r}")
        rows = self.decode_request(payload, default_codec=NumpyRequestCodec)
        if isinstance(self._model, self._xgboost.Booster):
            # A booster that was trained on a table knows its columns' names; an array has none to compare.
            named = hasattr(rows, "columns")
            rows = self._xgboost.DMatrix(rows)
            results = [self._model.predict(rows, validate_features=named)]
        else:
            results = [getattr(self._model, output.name)(rows) for output in wanted]
        return InferenceResponse(
            model_name=self.name,
            model_version=self.version,
            outputs=encode_results(self, wanted, results),
        )
