"""Trains a classifier of wines on scikit-learn's wine data, and writes the model and answers to compare with.

    python -m venv .venv && .venv/bin/pip install -r requirements.txt
    .venv/bin/python train.py
"""

import json
from pathlib import Path

import numpy as np
from skl2onnx import to_onnx
from sklearn.datasets import load_wine
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

FOLDER = Path(__file__).parent
FEATURES = ["alcohol", "flavanoids", "color_intensity", "proline"]
CULTIVARS = np.array(["Barolo", "Grignolino", "Barbera"])

wine = load_wine()
columns = [wine.feature_names.index(name) for name in FEATURES]
measurements = wine.data[:, columns].astype(np.float32)
pipeline = make_pipeline(StandardScaler(), LogisticRegression()).fit(measurements, CULTIVARS[wine.target])

# As it is by default: the probabilities are a list with a map for each row.
(FOLDER / "model.onnx").write_bytes(to_onnx(pipeline, measurements[:1]).SerializeToString())

some = measurements[::20]
expected = {
    "classes": pipeline.classes_.tolist(),
    "measurements": some.tolist(),
    "label": pipeline.predict(some).tolist(),
    "probabilities": pipeline.predict_proba(some).tolist(),
}
(FOLDER / "expected.json").write_text(json.dumps(expected, indent=2) + "\n")
