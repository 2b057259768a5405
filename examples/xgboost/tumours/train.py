"""Trains a classifier of tumours on scikit-learn's breast cancer data, and writes what it answers for a part of them.

    pip install -r requirements.txt && python train.py
"""

import json
import pathlib

import numpy as np
import xgboost
from sklearn.datasets import load_breast_cancer

here = pathlib.Path(__file__).parent
table = load_breast_cancer(as_frame=True)
# Names of features travel with the model: requests may then have one tensor for each.
features = table.data.astype(np.float32)
model = xgboost.XGBClassifier(n_estimators=20, max_depth=3, learning_rate=0.3, random_state=0)
model.fit(features, table.target)
model.save_model(here / "model.ubj")

sample = features[::14]
expected = {
    "trainer": f"xgboost {xgboost.__version__}",
    "names": list(features.columns),
    "rows": sample.to_numpy().tolist(),
    "label": model.predict(sample).tolist(),
    "probabilities": model.predict_proba(sample).tolist(),
}
(here / "expected.json").write_text(json.dumps(expected, indent=0).replace(",\n", ", ").replace("[\n", "[").replace("\n]", "]"))
request = {
    "inputs": [{"name": "x", "shape": [2, 30], "datatype": "FP32", "data": sample[:2].to_numpy().reshape(-1).tolist()}],
    "outputs": [{"name": "predict"}, {"name": "predict_proba"}],
}
(here / "example-request.json").write_text(json.dumps(request) + "\n")
