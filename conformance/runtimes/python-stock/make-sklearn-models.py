"""Trains models of scikit-learn into FOLDER, one model folder each, and writes the requests to ask them: cases.json.

    python make-sklearn-models.py FOLDER
"""

import json
import pickle
import sys
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
from sklearn.cluster import KMeans
from sklearn.compose import make_column_transformer
from sklearn.datasets import load_diabetes, load_iris
from sklearn.ensemble import GradientBoostingRegressor, RandomForestClassifier
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.multioutput import MultiOutputRegressor
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

FOLDER = Path(sys.argv[1])
cases = []


def model(name, estimator, file="model.joblib", extra=None):
    folder = FOLDER / "models" / name
    folder.mkdir(parents=True)
    if file.endswith(".joblib"):
        joblib.dump(estimator, folder / file)
    else:
        (folder / file).write_bytes(pickle.dumps(estimator))
    settings = {
        "name": name,
        "implementation": "mlserver_sklearn.SKLearnModel",
        "parameters": {"uri": f"./{file}" if name == "iris" else ".", "extra": {"python": sys.executable, **(extra or {})}},
    }
    (folder / "model-settings.json").write_text(json.dumps(settings))


def ask(name, inputs, outputs=None, content_type=None):
    request = {"id": f"case-{len(cases)}", "inputs": inputs}
    if outputs is not None:
        request["outputs"] = [{"name": output} if isinstance(output, str) else output for output in outputs]
    if content_type is not None:
        request["parameters"] = {"content_type": content_type}
    cases.append({"model": name, "request": request})


def tensor(name, values, datatype, parameters=None):
    array = np.asarray(values)
    made = {"name": name, "shape": list(array.shape), "datatype": datatype, "data": array.ravel().tolist()}
    return {**made, "parameters": parameters} if parameters else made


flowers, species = load_iris(return_X_y=True)
rows = tensor("measurements", flowers[::7], "FP64")
single = tensor("measurements", flowers[:1].astype(np.float32), "FP32")
names = np.array(["setosa", "versicolor", "virginica"])[species]

model("iris", LogisticRegression(max_iter=1000).fit(flowers, species))
for outputs in (None, [], ["predict"], ["predict_proba"], ["predict", "predict_proba"], ["predict_proba", "predict"]):
    ask("iris", [rows], outputs)
ask("iris", [single])
ask("iris", [tensor("i", [[5, 3, 1, 0]], "INT64")], ["predict_proba"])
ask("iris", [{**rows, "parameters": {"content_type": "np"}}])
ask("iris", [rows], [{"name": "predict", "parameters": {"content_type": "np"}}])
# Wrong in ways that both must refuse as the client's fault.
ask("iris", [rows], ["nothing"])
ask("iris", [rows], ["predict", "decision_function"])
ask("iris", [rows, single])

model("names", RandomForestClassifier(10, random_state=1).fit(flowers, names), "model.pickle")
ask("names", [rows])
ask("names", [rows], [{"name": "predict", "parameters": {"content_type": "str"}}])
ask("names", [rows], ["predict_proba", "predict"])

model("neighbours", KNeighborsClassifier().fit(flowers, species == 1), "model.pkl", {"predict_fn": "predict_proba"})
ask("neighbours", [rows])
ask("neighbours", [rows], ["predict"])

patients, progression = load_diabetes(return_X_y=True)
people = tensor("people", patients[::40], "FP64")
model("regressor", GradientBoostingRegressor(n_estimators=10, random_state=1).fit(patients, progression))
ask("regressor", [people])
ask("regressor", [people], ["predict_proba"])
two = np.stack([progression, progression**2], axis=1)
model("two-outputs", MultiOutputRegressor(LinearRegression()).fit(patients, two))
ask("two-outputs", [people])

model("pipeline", make_pipeline(StandardScaler(), LinearRegression()).fit(patients, progression))
ask("pipeline", [people])
ask("pipeline", [people], ["predict_proba"])

table = pd.DataFrame({"city": ["Ulm", "Bonn", "Ulm", "Kiel"] * 5, "rooms": np.arange(20) % 5, "area": np.arange(20) * 7.5})
price = table["area"] * 3 + table["rooms"] + (table["city"] == "Ulm")
columns = make_column_transformer((OneHotEncoder(sparse_output=False), ["city"]), (StandardScaler(), ["rooms", "area"]))
model("table", make_pipeline(columns, LinearRegression()).fit(table, price))
city = tensor("city", [["Ulm"], ["Kiel"], ["Bonn"]], "BYTES", {"content_type": "str"})
rooms = tensor("rooms", [[1], [2], [3]], "INT64")
area = tensor("area", [[10.0], [20.5], [31.25]], "FP64")
ask("table", [city, rooms, area], content_type="pd")
# In another order: columns are found by their names.
ask("table", [area, city, rooms], content_type="pd")
flat = [{**one, "shape": [3]} for one in (city, rooms, area)]
ask("table", flat, content_type="pd")

scaler = StandardScaler().set_output(transform="pandas").fit(pd.DataFrame(flowers, columns=["sl", "sw", "pl", "pw"]))
model("scaler", scaler, extra={"predict_fn": "transform"})
measures = [tensor(name, flowers[:5, index : index + 1], "FP64") for index, name in enumerate(["sl", "sw", "pl", "pw"])]
ask("scaler", measures, content_type="pd")
ask("scaler", measures, ["transform", "transform"], content_type="pd")

model("plain-scaler", StandardScaler().fit(flowers))
ask("plain-scaler", [rows], ["transform"])
model("clusters", KMeans(3, n_init=1, random_state=1).fit(flowers))
ask("clusters", [rows], ["predict", "transform"])

texts = ["good fun", "bad film", "fun film", "bad bad"]
words = make_pipeline(TfidfVectorizer(), LogisticRegression()).fit(texts, [1, 0, 1, 0])
model("texts", words)
ask("texts", [tensor("text", ["fun", "bad"], "BYTES", {"content_type": "str"})], ["predict", "predict_proba"], "str")

(FOLDER / "cases.json").write_text(json.dumps(cases))
