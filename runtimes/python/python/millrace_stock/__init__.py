"""Models of well-known libraries under the class names that MLServer's runtimes give them.

`millrace_stock.SKLearnModel` is the class of the package that MLServer has for it (`mlserver_sklearn`), where the
interpreter has that; else one of this package's own modules, which need nothing but the `mlserver` interface and the
library itself. Modules are imported when a class is first asked for.
"""

import importlib
import importlib.util
from typing import Any, Dict, NamedTuple


class _Source(NamedTuple):
    module: str
    #: MLServer's own package with a class of the same name; None where it has none for these files.
    package: "str | None"


_SOURCES: Dict[str, _Source] = {
    "SKLearnModel": _Source("sklearn_model", "mlserver_sklearn"),
    # MLServer's class takes every CatBoost model for a classifier; ours answers it alike and knows the others.
    "CatboostModel": _Source("catboost_model", None),
    "XGBoostModel": _Source("xgboost_model", None),
    "LightGBMModel": _Source("lightgbm_model", None),
    # MLServer's class needs its web framework around it for the route /invocations.
    "MLflowRuntime": _Source("mlflow_model", None),
    "MLlibModel": _Source("mllib_model", "mlserver_mllib"),
    "AlibiDetectRuntime": _Source("alibi_detect_model", "mlserver_alibi_detect"),
    # MLServer's name for it is a factory of several classes, and no model itself.
    "AlibiExplainRuntime": _Source("alibi_explain_model", None),
}


def __getattr__(name: str) -> Any:
    source = _SOURCES.get(name)
    if source is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    if source.package is not None and importlib.util.find_spec(source.package) is not None:
        return getattr(importlib.import_module(source.package), name)
    return getattr(importlib.import_module(f"{__name__}.{source.module}"), name)
