"""Trains models of CatBoost, and XGBoost and LightGBM models that are pickled, into FOLDER/models, and writes what the
libraries themselves answer to FOLDER/cases.json.

    python make-tree-models.py FOLDER
"""

import json
import sys
from pathlib import Path

import joblib
import lightgbm
import numpy as np
import pandas as pd
import xgboost
from catboost import CatBoostClassifier, CatBoostRanker, CatBoostRegressor, Pool
from sklearn.datasets import load_diabetes, load_iris

FOLDER = Path(sys.argv[1])
cases = []
quiet = {"verbose": 0, "allow_writing_files": False, "thread_count": 1, "random_seed": 3}


def settings(name, implementation, **parameters):
    folder = FOLDER / "models" / name
    folder.mkdir(parents=True)
    extra = {"python": sys.executable}
    made = {"name": name, "implementation": implementation, "parameters": {"extra": extra, **parameters}}
    (folder / "model-settings.json").write_text(json.dumps(made))
    return folder


def expect(name, inputs, answers, content_type=None):
    request = {"inputs": inputs, "outputs": [{"name": output} for output in answers]}
    if content_type is not None:
        request["parameters"] = {"content_type": content_type}
    cases.append({"model": name, "request": request, "answers": {
        output: {"data": np.asarray(answer).ravel().tolist(), "shape": shape_of(answer)} for output, answer in answers.items()
    }})


def shape_of(answer):
    shape = list(np.asarray(answer).shape)
    return shape if len(shape) > 1 else [shape[0], 1]


def tensor(name, values, datatype, parameters=None):
    array = np.asarray(values)
    made = {"name": name, "shape": list(array.shape), "datatype": datatype, "data": array.ravel().tolist()}
    return {**made, "parameters": parameters} if parameters else made


flowers, species = load_iris(return_X_y=True)
names = np.array(["setosa", "versicolor", "virginica"])[species]
rows = flowers[::9]
inputs = [tensor("rows", rows, "FP64")]
patients, progression = load_diabetes(return_X_y=True)
people = [tensor("rows", patients[::50], "FP64")]


def catboost(name, model, file="model.cbm", **options):
    model.save_model(str(settings(name, "catboost") / file), **options)
    return model


model = catboost("cat-classes", CatBoostClassifier(iterations=8, **quiet).fit(flowers, species))
expect("cat-classes", inputs, {"predict": model.predict(rows), "predict_proba": model.predict_proba(rows)})
model = catboost("cat-names", CatBoostClassifier(iterations=8, **quiet).fit(flowers, names), "model.bin")
expect("cat-names", inputs, {"predict": model.predict(rows)})
model = catboost("cat-two", CatBoostClassifier(iterations=8, **quiet).fit(flowers, species == 1))
expect("cat-two", inputs, {"predict_proba": model.predict_proba(rows)})
model = catboost("cat-values", CatBoostRegressor(iterations=8, **quiet).fit(patients, progression))
expect("cat-values", people, {"predict": model.predict(patients[::50])})
loss = "Quantile:alpha=0.9"
model = catboost("cat-quantile", CatBoostRegressor(iterations=8, loss_function=loss, **quiet).fit(patients, progression))
expect("cat-quantile", people, {"predict": model.predict(patients[::50])})
groups = np.repeat(np.arange(15), 10)
ranked = CatBoostRanker(iterations=8, loss_function="YetiRank", bootstrap_type="No", **quiet).fit(Pool(flowers, species, group_id=groups))
catboost("cat-ranks", ranked)
expect("cat-ranks", inputs, {"predict": ranked.predict(rows)})

table = pd.DataFrame({"city": ["Ulm", "Bonn", "Kiel", "Ulm"] * 10, "rooms": np.arange(40) % 6})
model = CatBoostRegressor(iterations=8, **quiet).fit(table, np.arange(40) * 2.0, cat_features=["city"])
catboost("cat-table", model)
columns = [
    tensor("city", table["city"][:5].to_numpy(dtype=object).reshape(-1, 1), "BYTES", {"content_type": "str"}),
    tensor("rooms", table["rooms"][:5].to_numpy().reshape(-1, 1), "INT64"),
]
expect("cat-table", columns, {"predict": model.predict(table[:5])}, "pd")

xgb = xgboost.XGBClassifier(n_estimators=5, n_jobs=1).fit(flowers, species)
joblib.dump(xgb, settings("xgb-classes", "@millrace/python:PickledXgboostModel") / "model.joblib")
expect("xgb-classes", inputs, {"predict": xgb.predict(rows), "predict_proba": xgb.predict_proba(rows)})
booster = xgboost.train({"objective": "reg:squarederror", "nthread": 1}, xgboost.DMatrix(flowers, species), 5)
joblib.dump(booster, settings("xgb-booster", "@millrace/python:PickledXgboostModel") / "model.pkl")
expect("xgb-booster", inputs, {"predict": booster.predict(xgboost.DMatrix(rows))})

lgb = lightgbm.LGBMClassifier(n_estimators=5, n_jobs=1, verbose=-1).fit(flowers, species)
joblib.dump(lgb, settings("lgb-classes", "@millrace/python:PickledLightgbmModel") / "model.joblib")
expect("lgb-classes", inputs, {"predict": lgb.predict(rows), "predict_proba": lgb.predict_proba(rows)})
joblib.dump(lgb.booster_, settings("lgb-booster", "@millrace/python:PickledLightgbmModel") / "model.pkl")
expect("lgb-booster", inputs, {"predict": lgb.booster_.predict(rows)})

(FOLDER / "cases.json").write_text(json.dumps(cases))
