"""Trains a classifier of iris flowers and writes model.onnx and expected.json beside this file.

    python -m venv .venv && .venv/bin/pip install -r requirements.txt
    .venv/bin/python train.py

Nothing here is random: running it again on the same machine writes the same bytes. Another processor
may round differently in the last digits of the weights; the tests allow for that.
"""

import json
from pathlib import Path

import numpy as np
import sklearn
from skl2onnx import convert_sklearn
from skl2onnx.common.data_types import FloatTensorType, Int64TensorType
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

FOLDER = Path(__file__).parent

# Sepal length, sepal width, petal length and petal width in centimetres; 0 setosa, 1 versicolor, 2 virginica.
flowers = load_iris()
measurements = flowers.data.astype(np.float32)

classifier = make_pipeline(StandardScaler(), LogisticRegression())
print("accuracy in 5-fold cross-validation:", cross_val_score(classifier, measurements, flowers.target).mean())
classifier.fit(measurements, flowers.target)

model = convert_sklearn(
    classifier,
    name="iris",
    initial_types=[("measurements", FloatTensorType([None, 4]))],
    final_types=[("label", Int64TensorType([None])), ("probabilities", FloatTensorType([None, 3]))],
    # Probabilities as one tensor; the default is a list of maps, which no serving protocol carries.
    options={"zipmap": False},
    target_opset={"": 17, "ai.onnx.ml": 3},
)
# The converter lists its operator sets in the order of a Python set, which changes from run to run.
model.opset_import.sort(key=lambda opset: opset.domain)
(FOLDER / "model.onnx").write_bytes(model.SerializeToString())

# What scikit-learn itself answers, for the tests to compare with what is served.
expected = {
    "trainer": f"scikit-learn {sklearn.__version__}",
    "species": flowers.target.tolist(),
    "measurements": flowers.data.tolist(),
    "label": classifier.predict(measurements).tolist(),
    "probabilities": classifier.predict_proba(measurements).tolist(),
}
(FOLDER / "expected.json").write_text(
    "{\n" + ",\n".join(f"  {json.dumps(key)}: {json.dumps(value)}" for key, value in expected.items()) + "\n}\n"
)
print("accuracy on the flowers it was trained on:", classifier.score(measurements, flowers.target))
