"""Times one thread of XGBoost or LightGBM on a model of 500 trees of depth 6 over 50 features.

    python tree-library.py xgboost|lightgbm FOLDER DURATION_MS

trains the model if FOLDER has none, writes it there with 1,000 rows and what the library answers, and prints one line of
JSON: medians in microseconds for one row and for 1,000. Of several ways to predict the fastest counts.
"""

import json
import os
import sys
import time

import numpy as np

ROWS, FEATURES, TREES, DEPTH = 1000, 50, 500, 6


def training_data():
    rng = np.random.default_rng(7)
    x = rng.normal(size=(20_000, FEATURES)).astype(np.float32)
    y = x @ rng.normal(size=FEATURES) + np.sin(x[:, 0] * x[:, 1]) * 3 + rng.normal(size=len(x))
    return x, y


def xgboost_peer(folder):
    import xgboost

    file = os.path.join(folder, "xgboost.ubj")
    x, y = training_data()
    if not os.path.exists(file):
        parameters = {"max_depth": DEPTH, "min_child_weight": 0, "learning_rate": 0.1, "tree_method": "hist"}
        xgboost.train(parameters, xgboost.DMatrix(x, y), TREES).save_model(file)
    booster = xgboost.Booster({"nthread": 1}, model_file=file)
    # A DMatrix that is asked again answers from its cache: each call has its own.
    ways = [booster.inplace_predict, lambda rows: booster.predict(xgboost.DMatrix(rows, nthread=1))]
    return x, ways


def lightgbm_peer(folder):
    import lightgbm

    file = os.path.join(folder, "lightgbm.txt")
    x, y = training_data()
    x = x.astype(np.float64)
    if not os.path.exists(file):
        parameters = {"max_depth": DEPTH, "num_leaves": 2**DEPTH, "min_data_in_leaf": 1, "verbose": -1}
        lightgbm.train(parameters, lightgbm.Dataset(x, y), TREES).save_model(file)
    booster = lightgbm.Booster(model_file=file)
    return x, [lambda rows: booster.predict(rows, num_threads=1)]


def median_us(call, duration_ms):
    times = []
    end = time.perf_counter() + duration_ms / 1000
    while time.perf_counter() < end or len(times) < 10:
        started = time.perf_counter()
        call()
        times.append(time.perf_counter() - started)
    return float(np.median(times) * 1e6)


def main():
    library, folder, duration_ms = sys.argv[1], sys.argv[2], float(sys.argv[3])
    peer = {"xgboost": xgboost_peer, "lightgbm": lightgbm_peer}[library]
    x, ways = peer(folder)
    rows = np.ascontiguousarray(x[:ROWS])
    rows.tofile(os.path.join(folder, f"{library}-rows.bin"))
    ways[0](rows).astype(np.float64).tofile(os.path.join(folder, f"{library}-answers.bin"))
    one = rows[:1].copy()
    figures = {
        "oneUs": min(median_us(lambda: way(one), duration_ms) for way in ways),
        "manyUs": min(median_us(lambda: way(rows), duration_ms) for way in ways),
    }
    print(json.dumps(figures))


main()
