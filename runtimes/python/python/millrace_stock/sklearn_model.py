"""scikit-learn estimators and pipelines, persisted with joblib or pickle."""

from typing import Any, List

from mlserver import MLModel
from mlserver.codecs import NumpyRequestCodec
from mlserver.errors import InferenceError
from mlserver.types import InferenceRequest, InferenceResponse, RequestOutput
from mlserver.utils import get_model_uri

from .extra_settings import extra_of
from .library import require
from .output_names import encode_results, requested_methods
from .pickled import open_pickle

MODEL_FILES = ["model.joblib", "model.pickle", "model.pkl"]
METHODS = ["predict", "predict_proba", "transform"]


class SKLearnModel(MLModel):
    """Answers `predict`, or the outputs that are asked for.

    `parameters.extra.predict_fn` names the method that is called when a request asks for no outputs; any method of
    the estimator that takes the inputs will do.
    """

    async def load(self) -> bool:
        require("sklearn", "scikit-learn", "SKLearnModel")
        file = await get_model_uri(self.settings, wellknown_filenames=MODEL_FILES)
        self._estimator = open_pickle(file, "SKLearnModel")
        self._default = extra_of(self.settings).get("predict_fn") or "predict"
        return True

    async def predict(self, payload: InferenceRequest) -> InferenceResponse:
        wanted = requested_methods(payload, self._default, METHODS, "SKLearnModel")
        methods = [self._method(output) for output in wanted]
        rows = self.decode_request(payload, default_codec=NumpyRequestCodec)
        try:
            results: List[Any] = [method(rows) for method in methods]
        except ValueError as error:
            # What scikit-learn says of inputs that do not suit the estimator, such as too few columns.
            raise InferenceError(str(error)) from error
        return InferenceResponse(
            model_name=self.name,
            model_version=self.version,
            outputs=encode_results(self, wanted, results),
        )

    def _method(self, output: RequestOutput) -> Any:
        # A pipeline offers what its last step offers; scikit-learn answers hasattr accordingly.
        method = getattr(self._estimator, output.name, None)
        if not callable(method):
            steps = getattr(self._estimator, "steps", None)
            last = steps[-1][-1] if steps else self._estimator
            raise InferenceError(f"{type(last).__name__} has no {output.name!r}")
        return method
