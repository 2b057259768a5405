"""Trains models of XGBoost with settings drawn at random, and writes what XGBoost itself answers with them.

    python train-models.py FOLDER [--count 40] [--seed 1] [--rows 1000] [--small]

FOLDER gets cases.json, and for each case model-N.json, model-N.ubj, rows-N.f32 and one file for each answer
(float32 or int32, row-major). With --small, rows and answers are in cases.json, and the models are tiny:

    python train-models.py ../../../runtimes/xgboost/test-models --small --count 38 --rows 8
"""

import argparse
import json
import os
import warnings

import numpy as np
import pandas as pd
import xgboost as xgb

OBJECTIVES = [
    "reg:squarederror", "reg:squaredlogerror", "reg:pseudohubererror", "reg:absoluteerror", "reg:quantileerror",
    "reg:logistic", "reg:gamma", "reg:tweedie", "binary:logistic", "binary:logitraw", "binary:hinge", "count:poisson",
    "survival:cox", "survival:aft", "rank:pairwise", "rank:ndcg", "rank:map", "multi:softmax", "multi:softprob",
]
MANY_TARGETS = ["reg:squarederror", "reg:absoluteerror", "binary:logistic"]


def draw_booster(rng, small):
    booster = str(rng.choice(["gbtree", "gbtree", "gbtree", "dart", "gblinear"]))
    parameters = {"booster": booster, "nthread": 1, "seed": int(rng.integers(1 << 30))}
    if rng.random() < 0.4:
        parameters["base_score"] = float(rng.choice([0.2, 0.5, 0.7]))
    if booster == "gblinear":
        # The default, shotgun, is not deterministic.
        return {**parameters, "updater": "coord_descent", "learning_rate": 0.5}
    parameters["learning_rate"] = float(rng.choice([0.05, 0.3, 1.0]))
    parameters["tree_method"] = str(rng.choice(["hist", "approx", "exact"]))
    parameters["max_depth"] = int(rng.integers(1, 4 if small else 9))
    parameters["min_child_weight"] = float(rng.choice([0.0, 1.0]))
    if parameters["tree_method"] == "hist" and rng.random() < 0.4:
        parameters.update(grow_policy="lossguide", max_leaves=int(rng.integers(2, 9 if small else 60)), max_depth=0)
    if rng.random() < 0.3:
        parameters.update(num_parallel_tree=int(rng.integers(2, 4)), subsample=0.7)
    if rng.random() < 0.3:
        parameters["gamma"] = 0.1
    if booster == "dart":
        parameters.update(
            rate_drop=float(rng.choice([0.1, 0.5])),
            skip_drop=float(rng.choice([0.0, 0.3])),
            one_drop=int(rng.integers(2)),
            normalize_type=str(rng.choice(["tree", "forest"])),
            sample_type=str(rng.choice(["uniform", "weighted"])),
        )
    return parameters


def draw_data(rng, row_count, feature_count, parameters):
    x = rng.normal(size=(row_count, feature_count)).astype(np.float32)
    x[:, 0] = np.round(x[:, 0] * 4) / 4
    types = ["q"] * feature_count
    is_tree = parameters["booster"] != "gblinear"
    if is_tree and parameters["tree_method"] != "exact" and rng.random() < 0.5:
        for feature in rng.choice(feature_count, size=min(2, feature_count), replace=False):
            types[feature] = "c"
            x[:, feature] = rng.integers(0, int(rng.choice([3, 12, 70])), size=row_count)
        parameters["max_cat_to_onehot"] = int(rng.choice([1, 4, 100]))
    if rng.random() < 0.5:
        x[rng.random(x.shape) < float(rng.choice([0.05, 0.4]))] = np.nan
    return x, types


def draw_labels(rng, objective, x, parameters):
    clean = np.nan_to_num(x)
    signal = clean[:, 0] * clean[:, 1] + np.sin(clean[:, 2]) + rng.normal(size=len(x)) * 0.3
    extra = {}
    if objective.startswith("multi:"):
        parameters["num_class"] = int(rng.integers(3, 6))
        return (np.argsort(np.argsort(signal)) * parameters["num_class"] // len(x)), extra
    if objective.startswith("binary:") or objective == "reg:logistic":
        return (signal > 0).astype(int), extra
    if objective == "reg:squarederror" or objective == "reg:absoluteerror" or objective == "reg:pseudohubererror":
        return signal, extra
    if objective == "reg:quantileerror":
        parameters["quantile_alpha"] = [[0.5], [0.1, 0.9]][int(rng.integers(2))]
        return signal, extra
    if objective.startswith("rank:"):
        extra["group"] = np.full(len(x) // 10, 10)
        return (signal > 0).astype(int), extra
    if objective == "survival:aft":
        extra["bounds"] = (np.exp(signal * 0.3), np.exp(signal * 0.3) + 1)
        return None, extra
    if objective == "survival:cox":
        return np.exp(signal * 0.3) * np.where(rng.random(len(x)) < 0.3, -1, 1), extra
    return np.floor(np.exp(np.clip(signal, -2, 2))) + 1, extra


def matrix(x, labels, extra, types, names, weight):
    made = xgb.DMatrix(x, labels, feature_types=types, feature_names=names, weight=weight, enable_categorical=True)
    if "group" in extra:
        made.set_group(extra["group"])
    if "bounds" in extra:
        made.set_float_info("label_lower_bound", extra["bounds"][0])
        made.set_float_info("label_upper_bound", extra["bounds"][1])
    return made


def train_case(number, rng, objective, arguments):
    row_count, small = arguments.rows, arguments.small
    parameters = {"objective": objective, **draw_booster(rng, small)}
    feature_count = int(rng.integers(3, 6 if small else 25))
    x, types = draw_data(rng, 300, feature_count, parameters)
    labels, extra = draw_labels(rng, objective, x, parameters)
    if objective in MANY_TARGETS and rng.random() < 0.5:
        labels = np.stack([labels, 1 - labels, (np.nan_to_num(x[:, 2]) > 0).astype(int)], axis=1)
        if parameters["booster"] == "gbtree" and parameters["tree_method"] == "hist" and rng.random() < 0.7:
            parameters["multi_strategy"] = "multi_output_tree"
            types = ["q"] * feature_count
            parameters.pop("max_cat_to_onehot", None)
    round_count = int(rng.integers(1, 5 if small else 31))
    names = [f"feature {index}" for index in range(feature_count)] if rng.random() < 0.4 else None
    weight = rng.random(len(x)) if rng.random() < 0.3 and "group" not in extra else None

    estimator = None
    if objective in ("binary:logistic", "multi:softprob", "multi:softmax") and rng.random() < 0.6:
        own = {name: value for name, value in parameters.items() if name != "num_class"}
        estimator = xgb.XGBClassifier(
            n_estimators=round_count, feature_types=types, enable_categorical="c" in types, **own
        ).fit(x, labels, sample_weight=weight)
        booster, names = estimator.get_booster(), None
    else:
        booster = xgb.train(parameters, matrix(x, labels, extra, types, names, weight), round_count)

    fresh = x[rng.integers(0, len(x), size=row_count)].copy()
    noise = rng.normal(size=fresh.shape) * 0.2
    is_number = np.array(types) == "q"
    fresh[:, is_number] += noise[:, is_number].astype(np.float32)
    data = xgb.DMatrix(fresh, feature_types=types, feature_names=names, enable_categorical=True)
    answers = {
        "margin": booster.predict(data, output_margin=True),
        "predict": booster.predict(data),
    }
    half = max(1, round_count // 2)
    if parameters["booster"] != "gblinear":
        answers["leaf"] = booster.predict(data, pred_leaf=True).reshape(row_count, -1).astype(np.int32)
        answers["marginOfHalf"] = booster.predict(data, output_margin=True, iteration_range=(0, half))
    if estimator is not None:
        answers["predict"] = estimator.predict(fresh).astype(np.int32)
        answers["predict_proba"] = estimator.predict_proba(fresh)

    folder = arguments.folder
    for ending in ("json", "ubj"):
        target = estimator if estimator is not None else booster
        target.save_model(os.path.join(folder, f"model-{number}.{ending}"))
    if small:
        hide_json(folder, f"model-{number}")
    if not small:
        fresh.tofile(os.path.join(folder, f"rows-{number}.f32"))
    shapes = {}
    for name, values in answers.items():
        if values.dtype != np.int32:
            values = values.astype(np.float32)
        shapes[name] = {"width": int(values.size // row_count), "type": str(values.dtype)}
        if small:
            shapes[name]["values"] = plain(values)
        else:
            values.tofile(os.path.join(folder, f"{name}-{number}.bin"))
    described = {"rounds": round_count, "api": "sklearn" if estimator is not None else "booster", **parameters}
    return {
        "number": number,
        "described": described,
        "featureCount": feature_count,
        "featureNames": names or [],
        "half": half,
        "answers": shapes,
        **({"rows": plain(fresh)} if small else {}),
    }


def plain(values):
    """Numbers as JSON has them, which knows no NaN."""
    return [None if value != value else value for value in values.reshape(-1).tolist()]


def hide_json(folder, name):
    """JSON under the name that XGBoost once had for its own format, which formatters of source code leave alone."""
    os.replace(os.path.join(folder, f"{name}.json"), os.path.join(folder, f"{name}.bst"))


def save_texts(folder):
    """A table with a column of text, whose categories the model keeps."""
    rng = np.random.default_rng(3)
    colours = ["blue", "green", "red", "amber"]
    table = pd.DataFrame({
        "size": rng.normal(size=200).astype(np.float32),
        "colour": pd.Categorical(rng.choice(colours, size=200), categories=colours),
    })
    label = table["size"] + table["colour"].cat.codes.to_numpy() % 2
    model = xgb.train({"max_depth": 3, "tree_method": "hist"}, xgb.DMatrix(table, label, enable_categorical=True), 4)
    model.save_model(os.path.join(folder, "texts.json"))
    hide_json(folder, "texts")
    asked = table[:6]
    answer = model.predict(xgb.DMatrix(asked, enable_categorical=True))
    with open(os.path.join(folder, "texts-expected.json"), "w") as file:
        columns = {"size": plain(asked["size"].to_numpy()), "colour": asked["colour"].tolist()}
        json.dump({**columns, "predict": plain(answer)}, file)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("folder")
    parser.add_argument("--count", type=int, default=40)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rows", type=int, default=1000)
    parser.add_argument("--small", action="store_true")
    arguments = parser.parse_args()
    warnings.filterwarnings("ignore")
    xgb.set_config(verbosity=0)
    os.makedirs(arguments.folder, exist_ok=True)
    cases = []
    attempt = 0
    while len(cases) < arguments.count:
        rng = np.random.default_rng([arguments.seed, attempt])
        objective = OBJECTIVES[attempt % len(OBJECTIVES)]
        attempt += 1
        try:
            cases.append(train_case(len(cases), rng, objective, arguments))
        except (xgb.core.XGBoostError, ValueError) as error:
            # Not every combination that can be drawn is one that XGBoost trains.
            print(f"attempt {attempt}, {objective}: {str(error).splitlines()[0][:160]}")
    if arguments.small:
        save_texts(arguments.folder)
    with open(os.path.join(arguments.folder, "cases.json"), "w") as file:
        json.dump({"seed": arguments.seed, "rows": arguments.rows, "xgboost": xgb.__version__, "cases": cases}, file)


main()
