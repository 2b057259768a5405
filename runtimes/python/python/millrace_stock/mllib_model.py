"""Models of Spark's MLlib (the RDD interface), saved as folders."""

from typing import Any, Dict, List

from mlserver import MLModel
from mlserver.errors import InferenceError
from mlserver.types import InferenceRequest, InferenceResponse, ResponseOutput
from mlserver.utils import get_model_uri

from .library import require
from .not_loadable import NotLoadable

#: The module and the class of each value that `parameters.format` may have.
FORMATS: Dict[str, "tuple[str, str]"] = {
    "LogisticRegression": ("classification", "LogisticRegressionModel"),
    "NaiveBayes": ("classification", "NaiveBayesModel"),
    "SVM": ("classification", "SVMModel"),
    "KMeans": ("clustering", "KMeansModel"),
    "IsotonicRegression": ("regression", "IsotonicRegressionModel"),
    "LinearRegression": ("regression", "LinearRegressionModel"),
    "Lasso": ("regression", "LassoModel"),
    "RidgeRegression": ("regression", "RidgeRegressionModel"),
    "DecisionTree": ("tree", "DecisionTreeModel"),
    "GradientBoostedTrees": ("tree", "GradientBoostedTreesModel"),
    "RandomForest": ("tree", "RandomForestModel"),
}


class MLlibModel(MLModel):
    """Answers `predict`, an FP32 tensor of one value, for one row of features in a single input."""

    async def load(self) -> bool:
        layout = getattr(self.settings.parameters, "format", None)
        if layout not in FORMATS:
            raise NotLoadable(
                f"parameters.format of model {self.name} is {layout!r}; allowed are {', '.join(FORMATS)}"
            )
        pyspark = require("pyspark", "pyspark", "MLlibModel")
        module, name = FORMATS[layout]
        model_class = getattr(require(f"pyspark.mllib.{module}", "pyspark", "MLlibModel"), name)
        folder = await get_model_uri(self.settings)
        configuration = pyspark.SparkConf().setAppName(f"millrace {self.name}").set("spark.driver.host", "127.0.0.1")
        # Spark has one context in a process, and a process here has one model.
        self._context = pyspark.SparkContext.getOrCreate(configuration)
        self._model: Any = model_class.load(self._context, folder)
        return True

    async def predict(self, payload: InferenceRequest) -> InferenceResponse:
        if len(payload.inputs) != 1:
            raise InferenceError(f"MLlibModel takes one input; this request has {len(payload.inputs)}")
        features = payload.inputs[0].data
        values: List[float] = _flat(getattr(features, "root", features))
        # An isotonic regression is a function of one number; all others take a vector.
        if self.settings.parameters.format == "IsotonicRegression":
            if len(values) != 1:
                raise InferenceError(f"IsotonicRegression takes one number; this request has {len(values)}")
            prediction = float(self._model.predict(values[0]))
        else:
            prediction = float(self._model.predict(values))
        return InferenceResponse(
            model_name=self.name,
            model_version=self.version,
            outputs=[ResponseOutput(name="predict", shape=[1], datatype="FP32", data=[prediction])],
        )

    async def unload(self) -> bool:
        self._context.stop()
        return True


def _flat(values: Any) -> List[float]:
    """Numbers of nested lists, or of an array, in their order."""
    if hasattr(values, "ravel"):
        return [float(value) for value in values.ravel()]
    if not isinstance(values, (list, tuple)):
        return [float(values)]
    return [number for value in values for number in _flat(value)]
