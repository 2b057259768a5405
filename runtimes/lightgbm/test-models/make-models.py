"""Writes the small models that the tests load, and in expected.json what LightGBM itself predicts with them.

    python -m venv .venv && .venv/bin/pip install -r requirements.txt
    .venv/bin/python make-models.py
"""

import json
from pathlib import Path

import lightgbm as lgb
import numpy as np
import pandas as pd

FOLDER = Path(__file__).parent
COMMON = {"num_leaves": 7, "min_data_in_leaf": 5, "learning_rate": 0.3, "num_threads": 1, "verbose": -1, "seed": 3,
          "deterministic": True}
SPECIAL = [np.nan, 0.0, np.inf, -np.inf, -1.0, -0.5, 2.7, 1e-36, 33.0, 2.0**31, 1e300]


def squared_error(predicted, data):
    return predicted - data.get_label(), np.ones_like(predicted)


# By name: parameters, iterations, and how the label is made of a score between -2 and 2 or so.
MODELS = {
    "missing-nan": ({"objective": "regression"}, 4, lambda s: s),
    "missing-none": ({"objective": "regression", "use_missing": False}, 4, lambda s: s),
    "missing-zero": ({"objective": "huber", "zero_as_missing": True}, 4, lambda s: s),
    "one-hot": ({"objective": "binary", "sigmoid": 0.7, "max_cat_to_onehot": 50}, 4, lambda s: s > 0),
    "linear-leaves": ({"objective": "regression", "linear_tree": True}, 4, lambda s: s),
    "forest": ({"objective": "binary", "boosting": "rf", "bagging_freq": 1, "bagging_fraction": 0.6}, 4, lambda s: s > 0),
    "dart-softmax": ({"objective": "multiclass", "num_class": 3, "boosting": "dart"}, 3, lambda s: np.digitize(s, [-0.5, 0.5])),
    "one-vs-all": ({"objective": "multiclassova", "num_class": 3, "sigmoid": 1.5}, 3, lambda s: np.digitize(s, [-0.5, 0.5])),
    "poisson": ({"objective": "poisson"}, 4, lambda s: np.floor(np.abs(s) * 3)),
    "square-root": ({"objective": "regression", "reg_sqrt": True}, 4, lambda s: s),
    "entropy-lambda": ({"objective": "cross_entropy_lambda"}, 4, lambda s: 1 / (1 + np.exp(-s))),
    "ranking": ({"objective": "lambdarank"}, 4, lambda s: np.digitize(s, [0, 0.7])),
    "own-objective": ({"objective": squared_error}, 4, lambda s: s),
    "single-leaf": ({"objective": "regression", "min_data_in_leaf": 500}, 2, lambda s: s),
}


def numbers(array):
    """NaN and infinity as text, which JSON has no other word for."""
    flat = np.asarray(array).ravel().tolist()
    return [value if np.isfinite(value) else {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}[str(value)] for value in flat]


def answers(booster, rows):
    return {
        "predict": numbers(booster.predict(rows)),
        "rawScore": numbers(booster.predict(rows, raw_score=True)),
        "leafIndex": numbers(booster.predict(rows, pred_leaf=True)),
    }


def draw(rng, count):
    x = rng.normal(size=(count, 4))
    x[:, 2] = rng.integers(0, 40, count)
    x[rng.random(x.shape) < 0.1] = np.nan
    x[rng.random(x.shape) < 0.1] = 0
    return x


def score(rng, x):
    known = np.nan_to_num(x)
    return known[:, 0] + (known[:, 2] % 3 - 1) * np.sign(known[:, 1]) + 0.1 * rng.normal(size=len(x))


def make_plain(rng):
    expected = {}
    for name, (params, iterations, label_of) in MODELS.items():
        x = draw(rng, 400)
        data = lgb.Dataset(x, label_of(score(rng, x)).astype(float), feature_name=["a", "b", "kind", "d"], categorical_feature=[2])
        if name == "ranking":
            data.set_group([20] * 20)
        lgb.train({**COMMON, **params}, data, iterations).save_model(FOLDER / f"{name}.txt")
        rows = draw(rng, 24)
        for index, value in enumerate(SPECIAL):
            rows[index, index % 4] = value
            rows[len(SPECIAL) + index, 2] = value
        booster = lgb.Booster(model_file=FOLDER / f"{name}.txt")
        expected[name] = {"rows": numbers(rows), **answers(booster, rows)}
    return expected


def make_table(rng):
    """A table with columns of categories: of text, and of numbers."""
    names = ["red", "green", "blue", "dark blue"]

    def table(count, extra=()):
        return pd.DataFrame({
            "size in cm": rng.normal(size=count),
            "colour": pd.Categorical(rng.choice([*names, *extra], count)),
            "year": pd.Categorical(rng.choice([1990, 2000, 2010], count)),
            "weight": rng.normal(size=count),
        })

    known = table(400)
    label = known["size in cm"] + (known["colour"] == "blue") * 2 - (known["year"] == 2000) * 1.0
    booster = lgb.train({**COMMON, "objective": "regression", "min_data_per_group": 1, "cat_smooth": 1, "max_cat_to_onehot": 1},
                        lgb.Dataset(known, label), 4)
    booster.save_model(FOLDER / "table.txt")
    rows = table(24, ["mauve"])
    loaded = lgb.Booster(model_file=FOLDER / "table.txt")
    columns = {name: [value if isinstance(value, str) else float(value) for value in rows[name]] for name in rows.columns}
    columns["year"] = [str(value) for value in rows["year"]]
    return {"columns": columns, **answers(loaded, rows)}


def main():
    rng = np.random.default_rng(7)
    expected = {"lightgbm": lgb.__version__, "models": make_plain(rng), "table": make_table(rng)}
    (FOLDER / "expected.json").write_text(json.dumps(expected, separators=(",", ":")).replace('},"', '},\n"') + "\n")


main()
