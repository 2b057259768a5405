"""Which of a model's files are pickles. Opening one runs whatever code it holds."""

import os
import re
from typing import Any, Dict, Iterator, Optional

#: Endings of files that are pickles, or that hold some.
SUFFIXES = (".pkl", ".pickle", ".joblib", ".dill", ".cloudpickle", ".pt", ".pth")

#: More files than these are not looked through; the folder then counts as one that may hold pickles.
MAX_FILES = 10_000

#: Parts of MLflow that open a model without running what its folder holds.
SAFE_LOADERS = ("mlflow.onnx", "mlflow.catboost")

_JOBLIB_FILES = ("model.joblib", "model.pickle", "model.pkl")


def pickle_of(runtime: str, uri: str, extra: Dict[str, Any]) -> Optional[str]:
    """The file that makes a model of this runtime one that may only be opened with permission; None for none.

    `runtime` is the name of the class, `uri` where the model lies, `extra` the settings' `parameters.extra`.
    """
    if runtime in ("SKLearnModel", "XGBoostModel", "LightGBMModel"):
        return _first(uri, _JOBLIB_FILES)
    if runtime == "MLflowRuntime":
        return _mlflow_pickle(uri)
    if runtime == "AlibiDetectRuntime":
        return _detector_pickle(uri)
    if runtime == "AlibiExplainRuntime":
        if str(extra.get("explainer_type", "")).startswith("tree_"):
            return str(extra.get("infer_uri"))
        return None if extra.get("init_parameters") is not None else _pickle_in(uri)
    return None


def _first(uri: str, names: "tuple[str, ...]") -> str:
    for name in names:
        if os.path.isfile(os.path.join(uri, name)):
            return os.path.join(uri, name)
    return uri


def _beginning_of(path: str) -> Optional[str]:
    """None where there is nothing to open, which loading it will say."""
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read(1_000_000)
    except OSError:
        return None


def _detector_pickle(folder: str) -> Optional[str]:
    """A detector's config.toml may name pickles, and folders with models, wherever they are."""
    description = os.path.join(folder, "config.toml")
    found = _pickle_in(folder)
    if found is not None:
        return found
    text = _beginning_of(description)
    more = r"dill|pickle|pkl|joblib|flavour|src|\.pth?\b|\\"
    return None if text is None or re.search(more, text, re.IGNORECASE) is None else description


def _mlflow_pickle(folder: str) -> Optional[str]:
    description = os.path.join(folder, "MLmodel")
    found = _pickle_in(folder)
    if found is not None:
        return found
    text = _beginning_of(description)
    if text is None:
        return None
    # The description names the Python module that opens the model. It is read strictly, not as YAML: a single mention
    # of a loader, in the form that MLflow writes it; no code but null; and none of what could spell a name differently.
    loaders = re.findall(r"loader_module", text)
    known = re.findall(r"^ +loader_module: ([\w.]+)$", text, re.MULTILINE)
    text = re.sub(r"^ *code: null$", "", text, flags=re.MULTILINE)
    hides = re.search(r"""\\|\bcode\b["']?\s*:|(?:^|[{,])\s*(?:\?|\*|<<)""", text, re.MULTILINE)
    if len(loaders) != 1 or len(known) != 1 or known[0] not in SAFE_LOADERS or hides is not None:
        return description
    return None


def _pickle_in(folder: str) -> Optional[str]:
    """The path itself for a URI of elsewhere, which a library would fetch: nobody has seen what lies there."""
    if not os.path.exists(folder):
        return folder
    if os.path.isfile(folder):
        return folder if folder.lower().endswith(SUFFIXES) else None
    for count, path in enumerate(_files(folder)):
        if count >= MAX_FILES or path.lower().endswith(SUFFIXES):
            return path
    return None


def _files(folder: str) -> Iterator[str]:
    for parent, folders, names in os.walk(folder):
        folders.sort()
        yield from (os.path.join(parent, name) for name in sorted(names))
