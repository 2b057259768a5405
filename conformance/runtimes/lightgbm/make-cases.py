"""Trains models drawn at random and writes what LightGBM itself predicts with them.

usage: make-cases.py FOLDER SEED COUNT [ROWS]

FOLDER gets cases.json and, for case N, N.txt (the model), N.x (rows), N.value, N.raw and N.leaf (answers), the arrays as
bare little-endian numbers.
"""

import json
import sys
from pathlib import Path

import lightgbm as lgb
import numpy as np

OBJECTIVES = [
    "regression", "regression", "regression_l1", "huber", "fair", "poisson", "quantile", "mape", "gamma", "tweedie",
    "binary", "binary", "multiclass", "multiclassova", "cross_entropy", "cross_entropy_lambda", "lambdarank",
    "rank_xendcg", "custom",
]
POSITIVE = {"poisson", "gamma", "tweedie", "mape"}
SIDES = [np.nan, 0.0, -0.0, np.inf, -np.inf, 1e-36, -1e-36, 1e-35, 1e300, -1e300]
CATEGORIES = [-1.0, -0.5, 0.0, 2.7, 31.0, 32.0, 63.0, 64.0, 1e4, 2.0**31 - 1, 2.0**31, 2.0**53, 1e300, np.inf, -np.inf, np.nan]


def draw_rows(rng, count, kinds, missing, zeros):
    x = np.empty((count, len(kinds)))
    for column, levels in enumerate(kinds):
        if levels:
            x[:, column] = rng.integers(0, levels, count)
        else:
            x[:, column] = rng.normal(scale=10.0 ** rng.integers(-2, 3), size=count)
            if rng.random() < 0.3:
                x[:, column] = np.round(x[:, column])
    x[rng.random(x.shape) < zeros] = 0
    x[rng.random(x.shape) < missing] = np.nan
    return x


def draw_label(rng, x, objective, classes):
    known = np.nan_to_num(x, posinf=0, neginf=0)
    scaled = known / (np.abs(known).max(axis=0) + 1e-9)
    score = scaled @ rng.normal(size=x.shape[1]) + np.sin(known[:, 0]) + (known[:, -1] % 3) + 0.1 * rng.normal(size=len(x))
    if objective in POSITIVE:
        return np.abs(score) + 0.1
    if objective in ("binary",):
        return (score > np.median(score)).astype(float)
    if objective in ("cross_entropy", "cross_entropy_lambda"):
        return 1 / (1 + np.exp(-score))
    if objective in ("multiclass", "multiclassova"):
        return np.digitize(score, np.quantile(score, np.linspace(0, 1, classes + 1)[1:-1])).astype(float)
    if objective in ("lambdarank", "rank_xendcg"):
        return np.digitize(score, np.quantile(score, [0.5, 0.75, 0.9])).astype(float)
    return score


def squared_error(predicted, data):
    return predicted - data.get_label(), np.ones_like(predicted)


def draw_case(rng, number):
    objective = OBJECTIVES[number % len(OBJECTIVES)]
    kinds = [0] * int(rng.integers(2, 8)) + [int(n) for n in rng.choice([2, 3, 7, 40, 100], int(rng.integers(0, 4)))]
    classes = int(rng.integers(3, 6))
    params = {
        "objective": squared_error if objective == "custom" else objective,
        "num_leaves": int(rng.choice([2, 4, 15, 31, 63])),
        "max_depth": int(rng.choice([-1, -1, 2, 4, 6])),
        "learning_rate": float(rng.choice([0.05, 0.1, 0.3])),
        "min_data_in_leaf": int(rng.choice([1, 5, 20])),
        "max_cat_to_onehot": int(rng.choice([1, 4, 10])),
        "min_data_per_group": int(rng.choice([1, 10, 100])),
        "cat_smooth": float(rng.choice([1, 10])),
        "use_missing": bool(rng.random() < 0.85),
        "zero_as_missing": bool(rng.random() < 0.3),
        "extra_trees": bool(rng.random() < 0.15),
        "max_bin": int(rng.choice([7, 63, 255])),
        "seed": number, "num_threads": 1, "verbose": -1, "deterministic": True,
    }
    boosting = str(rng.choice(["gbdt", "gbdt", "dart", "rf", "goss"]))
    if boosting == "goss":
        params["data_sample_strategy"] = "goss"
    else:
        params["boosting"] = boosting
    if boosting == "rf":
        if objective == "custom":
            params["boosting"] = "gbdt"
        params.update(bagging_freq=1, bagging_fraction=0.6, feature_fraction=0.8)
    if objective in ("multiclass", "multiclassova"):
        params["num_class"] = classes
    if objective in ("binary", "multiclassova"):
        params["sigmoid"] = float(rng.choice([1.0, 0.7, 2.3]))
    if objective in ("regression", "regression_l1", "quantile", "fair", "mape") and rng.random() < 0.3:
        params["reg_sqrt"] = True
    is_plain = boosting in ("gbdt", "goss") and objective != "regression_l1"
    if is_plain and not params["zero_as_missing"] and rng.random() < 0.35:
        params["linear_tree"] = True
    elif objective not in ("regression_l1", "quantile", "mape") and rng.random() < 0.25:
        params["monotone_constraints"] = [0 if levels else int(rng.integers(-1, 2)) for levels in kinds]
    return objective, kinds, classes, params


def write_case(rng, folder, number, row_count):
    objective, kinds, classes, params = draw_case(rng, number)
    dtype = ["float64", "float64", "float32", "int64"][int(rng.integers(0, 4))]
    missing = 0.0 if dtype == "int64" else float(rng.choice([0, 0.1, 0.3]))
    x = draw_rows(rng, 800, kinds, missing, float(rng.choice([0, 0.2])))
    y = draw_label(rng, x, objective, classes)
    weight = rng.random(len(x)) + 0.1 if rng.random() < 0.3 else None
    categorical = [column for column, levels in enumerate(kinds) if levels]
    data = lgb.Dataset(x, y, weight=weight, categorical_feature=categorical, free_raw_data=False)
    if objective in ("lambdarank", "rank_xendcg"):
        data.set_group([20] * 40)
    booster = lgb.train(params, data, int(rng.integers(1, 40)))

    rows = draw_rows(rng, row_count, kinds, missing, 0.1)
    for column, levels in enumerate(kinds):
        special = rng.random(row_count) < 0.15
        rows[special, column] = rng.choice(CATEGORIES if levels else SIDES, int(special.sum()))
    if dtype == "int64":
        rows = np.nan_to_num(rows, nan=-3, posinf=7, neginf=-7).clip(-1e15, 1e15)
    with np.errstate(over="ignore"):
        rows = np.ascontiguousarray(rows.astype(dtype))
    iterations = booster.current_iteration()
    start = int(rng.integers(0, iterations)) if rng.random() < 0.3 else 0
    count = int(rng.integers(1, iterations + 1)) if rng.random() < 0.3 else -1
    booster.save_model(folder / f"{number}.txt", num_iteration=-1)
    loaded = lgb.Booster(model_file=folder / f"{number}.txt")
    chosen = {"start_iteration": start, "num_iteration": count, "num_threads": 1}
    loaded.predict(rows, **chosen).astype("<f8").tofile(folder / f"{number}.value")
    loaded.predict(rows, raw_score=True, **chosen).astype("<f8").tofile(folder / f"{number}.raw")
    loaded.predict(rows, pred_leaf=True, **chosen).astype("<i4").tofile(folder / f"{number}.leaf")
    rows.tofile(folder / f"{number}.x")
    shown = {key: value for key, value in params.items() if key not in ("num_threads", "verbose", "deterministic")}
    return {
        "title": f"{number} {objective} {params.get('boosting', 'goss')} {dtype}"
        + (" linear" if params.get("linear_tree") else "") + (" categorical" if categorical else ""),
        "params": {**shown, "objective": objective},
        "dtype": dtype, "rows": row_count, "features": len(kinds), "start": start, "count": count,
    }


def main():
    folder, seed, count = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    row_count = int(sys.argv[4]) if len(sys.argv) > 4 else 1000
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(seed)
    cases = [write_case(rng, folder, number, row_count) for number in range(count)]
    (folder / "cases.json").write_text(json.dumps(cases))


main()
