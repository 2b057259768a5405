"""Trains a model of bikes rented in an hour and writes model.txt and expected.json beside this file.

    python -m venv .venv && .venv/bin/pip install -r requirements.txt
    .venv/bin/python train.py

The hours are made up, and drawn from a fixed seed: running it again writes the same files.
"""

import json
from pathlib import Path

import lightgbm as lgb
import numpy as np
import pandas as pd

FOLDER = Path(__file__).parent
rng = np.random.default_rng(11)


def hours(count):
    table = pd.DataFrame({
        "weather": pd.Categorical(rng.choice(["sunny", "cloudy", "rainy"], count)),
        "hour": rng.integers(0, 24, count),
        "is_holiday": rng.integers(0, 2, count),
        "temperature": rng.normal(15, 8, count).round(1),
    })
    # A sensor that fails now and then.
    table.loc[rng.random(count) < 0.05, "temperature"] = np.nan
    return table


known = hours(4000)
commuting = np.exp(-((known["hour"] - 8) ** 2) / 6) + np.exp(-((known["hour"] - 17) ** 2) / 8)
mood = known["weather"].map({"sunny": 1.3, "cloudy": 1.0, "rainy": 0.4}).astype(float)
rate = (4 + 60 * commuting * (1 - 0.6 * known["is_holiday"]) + known["temperature"].fillna(15).clip(0)) * mood
rentals = rng.poisson(rate)

booster = lgb.train(
    {"objective": "poisson", "num_leaves": 8, "learning_rate": 0.2, "deterministic": True, "num_threads": 1, "verbose": -1},
    lgb.Dataset(known, rentals),
    num_boost_round=20,
)
booster.save_model(FOLDER / "model.txt")

# What LightGBM itself answers, for the tests to compare with what is served.
rows = hours(40)
loaded = lgb.Booster(model_file=FOLDER / "model.txt")
expected = {
    "columns": {
        "weather": rows["weather"].tolist(),
        "hour": rows["hour"].tolist(),
        "is_holiday": rows["is_holiday"].tolist(),
        "temperature": [None if np.isnan(value) else value for value in rows["temperature"]],
    },
    "predict": loaded.predict(rows).tolist(),
    "leaf_index": loaded.predict(rows, pred_leaf=True).tolist(),
}
(FOLDER / "expected.json").write_text(
    "{\n" + ",\n".join(f"  {json.dumps(key)}: {json.dumps(value)}" for key, value in expected.items()) + "\n}\n"
)
