"""Saves MLflow models into FOLDER/models and FOLDER/harmless, one model folder each.

    python make-mlflow-models.py FOLDER
"""

import json
import sys
import warnings
from pathlib import Path

import mlflow
import numpy as np
import pandas as pd
from catboost import CatBoostRegressor
from mlflow.models import ModelSignature, infer_signature
from mlflow.types.schema import ColSpec, ParamSchema, ParamSpec, Schema, TensorSpec
from sklearn.linear_model import LinearRegression

FOLDER = Path(sys.argv[1])
warnings.simplefilter("ignore")


class Table(mlflow.pyfunc.PythonModel):
    def predict(self, context, model_input, params=None):
        factor = (params or {}).get("factor", 1)
        total = (model_input["a"] + model_input["b"]) * factor
        return pd.DataFrame({"total": total, "note": model_input["c"].astype(str) + "!"})


class Double(mlflow.pyfunc.PythonModel):
    def predict(self, context, model_input, params=None):
        return model_input * 2


class Named(mlflow.pyfunc.PythonModel):
    def predict(self, context, model_input, params=None):
        return {"sum": model_input["x"] + model_input["y"]}


class Words(mlflow.pyfunc.PythonModel):
    def predict(self, context, model_input, params=None):
        return [f"{value}?" for value in model_input["q"]]


def place(name, parent="models"):
    folder = FOLDER / parent / name
    (folder / "saved").parent.mkdir(parents=True)
    settings = {
        "name": name,
        "implementation": "mlserver_mlflow.MLflowRuntime",
        "parameters": {"uri": "./saved", "extra": {"python": sys.executable}},
    }
    (folder / "model-settings.json").write_text(json.dumps(settings))
    return str(folder / "saved")


def save(name, model, inputs, outputs, params=None):
    signature = ModelSignature(Schema(inputs), Schema(outputs), params=params)
    mlflow.pyfunc.save_model(place(name), python_model=model, signature=signature)


save(
    "table",
    Table(),
    [ColSpec("double", "a"), ColSpec("long", "b"), ColSpec("string", "c")],
    [ColSpec("double", "total"), ColSpec("string", "note")],
    ParamSchema([ParamSpec("factor", "double", 1.0)]),
)
single = np.dtype("float32")
save("double", Double(), [TensorSpec(single, (-1, 3))], [TensorSpec(single, (-1, 3))])
whole = np.dtype("int64")
fields = [TensorSpec(whole, (-1, 2), "x"), TensorSpec(whole, (-1, 2), "y")]
save("named", Named(), fields, [TensorSpec(whole, (-1, 2), "sum")])
save("words", Words(), [ColSpec("string", "q"), ColSpec("datetime", "at")], [ColSpec("string")])

table = pd.DataFrame({"u": np.arange(10.0), "v": np.arange(10.0) ** 2})
line = LinearRegression().fit(table, table["u"] * 3 + table["v"])
mlflow.sklearn.save_model(line, place("line"), signature=infer_signature(table, line.predict(table)), serialization_format="cloudpickle")

trees = CatBoostRegressor(iterations=5, verbose=0, allow_writing_files=False).fit(table, table["u"])
mlflow.catboost.save_model(trees, place("trees", "harmless"), signature=infer_signature(table, trees.predict(table)))
print(json.dumps({"trees": trees.predict(table[:2]).tolist(), "version": mlflow.__version__}))
