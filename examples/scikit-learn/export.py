"""Trains an estimator of monthly rents and writes it for serving: as an ONNX graph, and as a pickle.

    python -m venv .venv && .venv/bin/pip install -r requirements.txt
    .venv/bin/python export.py

writes rents/model.onnx, rents/expected.json and rents-joblib/model.joblib beside this file. The data are made up here, by
a generator with a seed: running it again on the same machine gives the same models.
"""

import json
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
import sklearn
from skl2onnx import convert_sklearn
from skl2onnx.common.data_types import FloatTensorType, StringTensorType
from sklearn.compose import make_column_transformer
from sklearn.ensemble import GradientBoostingRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

FOLDER = Path(__file__).parent

# A district, the number of rooms, and the area in square metres; rents are in euros.
random = np.random.default_rng(20)
count = 400
flats = pd.DataFrame(
    {
        "district": random.choice(["harbour", "hills", "old town"], count),
        "rooms": random.integers(1, 6, count).astype(np.float32),
    }
)
flats["area"] = (flats["rooms"] * 18 + random.uniform(8, 30, count)).astype(np.float32).round(1)
price = flats["district"].map({"harbour": 14.0, "hills": 11.5, "old town": 17.0})
rents = price * flats["area"] + 40 * flats["rooms"] + random.normal(0, 30, count)

columns = make_column_transformer((OneHotEncoder(), ["district"]), (StandardScaler(), ["rooms", "area"]))
estimator = make_pipeline(columns, GradientBoostingRegressor(n_estimators=60, max_depth=3, random_state=7))
estimator.fit(flats, rents)

# A graph of plain arithmetic, which runs without Python: one input for each column of the table.
model = convert_sklearn(
    estimator,
    name="rents",
    initial_types=[
        ("district", StringTensorType([None, 1])),
        ("rooms", FloatTensorType([None, 1])),
        ("area", FloatTensorType([None, 1])),
    ],
    final_types=[("predict", FloatTensorType([None, 1]))],
    target_opset={"": 17, "ai.onnx.ml": 3},
)
# The converter lists its operator sets in the order of a Python set, which changes from run to run.
model.opset_import.sort(key=lambda opset: opset.domain)
(FOLDER / "rents" / "model.onnx").write_bytes(model.SerializeToString())

# The estimator itself, as Python keeps objects: only an interpreter with these libraries can open it.
joblib.dump(estimator, FOLDER / "rents-joblib" / "model.joblib")

# What scikit-learn answers, for the tests to compare with what is served: every eighth flat.
some = flats[::8]
expected = {
    "trainer": f"scikit-learn {sklearn.__version__}",
    "district": some["district"].tolist(),
    "rooms": some["rooms"].tolist(),
    "area": [float(area) for area in some["area"]],
    "predict": estimator.predict(some).tolist(),
}
(FOLDER / "rents" / "expected.json").write_text(
    "{\n" + ",\n".join(f"  {json.dumps(key)}: {json.dumps(value)}" for key, value in expected.items()) + "\n}\n"
)
print("share of the rents' variance that is explained:", estimator.score(flats, rents))
