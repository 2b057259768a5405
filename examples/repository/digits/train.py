"""Trains a small neural network on handwritten digits and writes model.onnx and expected.json beside this file.

    python -m venv .venv && .venv/bin/pip install -r requirements.txt
    .venv/bin/python train.py

The split, the initial weights and the order of the batches come from one seed: running it again on the
same machine writes the same bytes. Another processor may round differently, and the rounding grows over
the epochs of training, so there expected.json and model.onnx belong together: commit both or neither.
"""

import json
from pathlib import Path

import numpy as np
import sklearn
from skl2onnx import convert_sklearn
from skl2onnx.common.data_types import FloatTensorType, Int64TensorType
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MaxAbsScaler

FOLDER = Path(__file__).parent
SEED = 7
HELD_OUT = 100

# 8×8 images, row by row, every pixel an amount of ink from 0 to 16.
digits = load_digits()
images = digits.data.astype(np.float32)
seen, held_out, seen_digits, held_out_digits = train_test_split(
    images, digits.target, test_size=HELD_OUT, stratify=digits.target, random_state=SEED
)

classifier = make_pipeline(
    MaxAbsScaler(),
    MLPClassifier(hidden_layer_sizes=(64, 32), max_iter=200, random_state=SEED),
)
classifier.fit(seen, seen_digits)

model = convert_sklearn(
    classifier,
    name="digits",
    initial_types=[("image", FloatTensorType([None, 64]))],
    final_types=[("digit", Int64TensorType([None])), ("probabilities", FloatTensorType([None, 10]))],
    # Probabilities as one tensor; the default is a list of maps, which no serving protocol carries.
    options={"zipmap": False},
    target_opset={"": 17, "ai.onnx.ml": 3},
)
# The converter lists its operator sets in the order of a Python set, which changes from run to run.
model.opset_import.sort(key=lambda opset: opset.domain)
(FOLDER / "model.onnx").write_bytes(model.SerializeToString())

# What scikit-learn itself answers for images it never saw, and what was really written there.
expected = {
    "trainer": f"scikit-learn {sklearn.__version__}",
    "written": held_out_digits.tolist(),
    "image": held_out.astype(int).tolist(),
    "digit": classifier.predict(held_out).tolist(),
    "probabilities": classifier.predict_proba(held_out).tolist(),
}
(FOLDER / "expected.json").write_text(
    "{\n" + ",\n".join(f"  {json.dumps(key)}: {json.dumps(value)}" for key, value in expected.items()) + "\n}\n"
)
print("accuracy on", HELD_OUT, "images it never saw:", classifier.score(held_out, held_out_digits))
