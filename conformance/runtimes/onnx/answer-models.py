"""Makes ONNX models of many kinds, and writes down what Python's ONNX Runtime answers.

    python answer-models.py FOLDER

Every model gets a file in FOLDER; `answers.json` has inputs and answers of all of them: texts as a list, numbers as the
base64 of their bytes.
"""

import base64
import json
import sys
import warnings
from pathlib import Path

import ml_dtypes
import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper
from onnx.external_data_helper import convert_model_to_external_data
from sklearn.compose import ColumnTransformer
from sklearn.datasets import load_iris, make_regression
from sklearn.ensemble import GradientBoostingClassifier, RandomForestClassifier, RandomForestRegressor
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.multioutput import MultiOutputClassifier
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.svm import SVC
from sklearn.tree import DecisionTreeClassifier
from skl2onnx import convert_sklearn
from skl2onnx.common.data_types import FloatTensorType, Int64TensorType, StringTensorType

warnings.filterwarnings("ignore")
FOLDER = Path(sys.argv[1])
RANDOM = np.random.default_rng(1)
ANSWERS = {}
DATATYPES = {
    "bool": "BOOL",
    "uint8": "UINT8",
    "uint16": "UINT16",
    "uint32": "UINT32",
    "uint64": "UINT64",
    "int8": "INT8",
    "int16": "INT16",
    "int32": "INT32",
    "int64": "INT64",
    "float16": "FP16",
    "float32": "FP32",
    "float64": "FP64",
    "bfloat16": "BF16",
}


def tensor(name, array):
    array = np.asarray(array)
    if array.dtype.kind in "OUS":
        return {"name": name, "datatype": "BYTES", "shape": list(array.shape), "data": [str(text) for text in array.ravel()]}
    data = base64.b64encode(array.tobytes()).decode()
    return {"name": name, "datatype": DATATYPES[str(array.dtype)], "shape": list(array.shape), "data": data}


def served(name, value):
    """The tensors that an output is served as."""
    if isinstance(value, list) and value and isinstance(value[0], dict):
        labels = list(value[0])
        rows = np.array([[row[label] for label in labels] for row in value], dtype=np.float32)
        return [{**tensor(name, rows), "labels": [label if isinstance(label, str) else int(label) for label in labels]}]
    if isinstance(value, list):
        return [tensor(name, np.stack(value))]
    return [tensor(name, value)]


def answer(name, feeds, parts=(), outputs=None, path=None):
    """`parts`: outputs that are a sequence whose elements are served one by one."""
    path = path or FOLDER / f"{name}.onnx"
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    answers = []
    for output, value in zip(session.get_outputs(), session.run(None, feeds)):
        if output.name in parts:
            answers += [tensor(f"{output.name}_{index}", part) for index, part in enumerate(value)]
        else:
            answers += served(output.name, value)
    ANSWERS[name] = {
        "file": str(path.relative_to(FOLDER)),
        "inputs": [tensor(key, value) for key, value in feeds.items()],
        "outputs": outputs or answers,
    }


def save(name, model, feeds, **options):
    if not isinstance(model, bytes):
        model = model.SerializeToString()
    (FOLDER / f"{name}.onnx").write_bytes(model)
    answer(name, feeds, **options)


# --- scikit-learn --------------------------------------------------------------------------------------------------

iris = load_iris()
flowers = iris.data.astype(np.float32)
names = np.array(["setosa", "versicolor", "virginica"])[iris.target]
some = flowers[::17]
FLOAT4 = [("x", FloatTensorType([None, 4]))]

for name, estimator, target in [
    ("logistic-integer-labels", LogisticRegression(max_iter=500), iris.target),
    ("logistic-text-labels", LogisticRegression(max_iter=500), names),
    ("logistic-two-classes", LogisticRegression(), iris.target == 0),
    ("tree-text-labels", DecisionTreeClassifier(max_depth=4, random_state=1), names),
    ("forest", RandomForestClassifier(10, max_depth=4, random_state=1), iris.target),
    ("boosting", GradientBoostingClassifier(n_estimators=5, random_state=1), iris.target),
    ("svc-probabilities", SVC(probability=True, random_state=1), names),
    ("neighbours", KNeighborsClassifier(3), iris.target),
    ("scaled-pipeline", make_pipeline(StandardScaler(), LogisticRegression(max_iter=500)), names),
]:
    save(name, convert_sklearn(estimator.fit(flowers, target), initial_types=FLOAT4), {"x": some})

forest = RandomForestClassifier(10, max_depth=4, random_state=1).fit(flowers, names)
for option in [False, "columns"]:
    options = {id(forest): {"zipmap": option}}
    save(f"forest-zipmap-{option}".lower(), convert_sklearn(forest, initial_types=FLOAT4, options=options), {"x": some})

multiple = MultiOutputClassifier(DecisionTreeClassifier(max_depth=3, random_state=1))
multiple.fit(flowers, np.stack([iris.target, iris.target % 2], axis=1))
save(
    "multiple-outputs",
    convert_sklearn(multiple, initial_types=FLOAT4, options={id(multiple): {"zipmap": False}}),
    {"x": some},
    parts=["probabilities"],
)

features, wanted = make_regression(100, 5, random_state=1)
FLOAT5 = [("x", FloatTensorType([None, 5]))]
for name, estimator in [("linear-regression", LinearRegression()), ("forest-regression", RandomForestRegressor(5, random_state=1))]:
    save(name, convert_sklearn(estimator.fit(features, wanted), initial_types=FLOAT5), {"x": features[:7].astype(np.float32)})

towns = np.array([["Ulm", "red"], ["Köln", "blue"], ["Ulm", "blue"], ["Bonn", "red"]] * 5, dtype=object)
ages = np.arange(20, dtype=np.int64).reshape(-1, 1)
import pandas  # noqa: E402

table = pandas.DataFrame({"town": towns[:, 0], "colour": towns[:, 1], "age": ages[:, 0]})
mixed = make_pipeline(
    ColumnTransformer([("texts", OneHotEncoder(handle_unknown="ignore"), ["town", "colour"]), ("numbers", StandardScaler(), ["age"])]),
    LogisticRegression(),
).fit(table, ["yes" if age % 3 else "no" for age in table["age"]])
save(
    "mixed-columns",
    convert_sklearn(
        mixed,
        initial_types=[
            ("town", StringTensorType([None, 1])),
            ("colour", StringTensorType([None, 1])),
            ("age", Int64TensorType([None, 1])),
        ],
    ),
    {"town": towns[:6, :1], "colour": towns[:6, 1:], "age": ages[:6]},
)

# --- boosted trees -------------------------------------------------------------------------------------------------

import catboost  # noqa: E402
import lightgbm  # noqa: E402
import onnxmltools  # noqa: E402
import xgboost  # noqa: E402
from onnxmltools.convert.common.data_types import FloatTensorType as ToolsFloat  # noqa: E402

boosted = xgboost.XGBClassifier(n_estimators=5, max_depth=3).fit(flowers, iris.target)
save("xgboost-classifier", onnxmltools.convert_xgboost(boosted, initial_types=[("x", ToolsFloat([None, 4]))]), {"x": some})
boosted = xgboost.XGBRegressor(n_estimators=5, max_depth=3).fit(features, wanted)
save(
    "xgboost-regressor",
    onnxmltools.convert_xgboost(boosted, initial_types=[("x", ToolsFloat([None, 5]))]),
    {"x": features[:7].astype(np.float32)},
)
boosted = lightgbm.LGBMClassifier(n_estimators=5, verbose=-1).fit(flowers, iris.target)
save("lightgbm-classifier", onnxmltools.convert_lightgbm(boosted, initial_types=[("x", ToolsFloat([None, 4]))]), {"x": some})
boosted = catboost.CatBoostClassifier(5, verbose=False, allow_writing_files=False).fit(flowers, names)
boosted.save_model(str(FOLDER / "catboost-classifier.onnx"), format="onnx")
answer("catboost-classifier", {"features": some})

# --- graphs by hand ------------------------------------------------------------------------------------------------


def value(name, shape, element_type=TensorProto.FLOAT):
    return helper.make_tensor_value_info(name, element_type, shape)


def graph_model(nodes, inputs, outputs, initializers=(), opset=17, ir_version=8):
    graph = helper.make_graph(nodes, "graph", inputs, outputs, list(initializers))
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=ir_version)


def weight(name, *shape):
    return numpy_helper.from_array(RANDOM.standard_normal(shape).astype(np.float32), name)


def numbers(*shape):
    return RANDOM.standard_normal(shape).astype(np.float32)


SAMPLES = {
    TensorProto.BOOL: np.array([[True, False]]),
    TensorProto.UINT8: np.array([[0, 255]], np.uint8),
    TensorProto.UINT16: np.array([[0, 65535]], np.uint16),
    TensorProto.UINT32: np.array([[0, 2**32 - 1]], np.uint32),
    TensorProto.UINT64: np.array([[0, 2**64 - 1]], np.uint64),
    TensorProto.INT8: np.array([[-128, 127]], np.int8),
    TensorProto.INT16: np.array([[-(2**15), 2**15 - 1]], np.int16),
    TensorProto.INT32: np.array([[-(2**31), 2**31 - 1]], np.int32),
    TensorProto.INT64: np.array([[-(2**63), 2**63 - 1]], np.int64),
    TensorProto.FLOAT16: np.array([[0.1, -65504]], np.float16),
    TensorProto.FLOAT: np.array([[0.1, 3e38]], np.float32),
    TensorProto.DOUBLE: np.array([[0.1, 1e300]], np.float64),
    TensorProto.STRING: np.array([["", "grüße 🎈"]], dtype=object),
}
for element_type, sample in SAMPLES.items():
    name = f"identity-{TensorProto.DataType.Name(element_type).lower()}"
    sides = [value("x", ["rows", 2], element_type)], [value("y", ["rows", 2], element_type)]
    save(name, graph_model([helper.make_node("Identity", ["x"], ["y"])], *sides), {"x": sample})

# Python does not take bfloat16 from numpy, so the answer is what the graph says: the same, and a sum in float32.
halves = np.array([[1.5, -0.3359375, 3e38]], ml_dtypes.bfloat16)
bfloat = graph_model(
    [helper.make_node("Identity", ["x"], ["y"]), helper.make_node("Cast", ["x"], ["wide"], to=TensorProto.FLOAT)],
    [value("x", ["rows", 3], TensorProto.BFLOAT16)],
    [value("y", ["rows", 3], TensorProto.BFLOAT16), value("wide", ["rows", 3])],
)
(FOLDER / "bfloat16.onnx").write_bytes(bfloat.SerializeToString())
ANSWERS["bfloat16"] = {
    "file": "bfloat16.onnx",
    "inputs": [tensor("x", halves)],
    "outputs": [tensor("y", halves), tensor("wide", halves.astype(np.float32))],
}

for opset in [7, 11, 13, 18, 21]:
    nodes = [helper.make_node("Gemm", ["x", "w", "b"], ["h"]), helper.make_node("Relu", ["h"], ["y"])]
    model = graph_model(nodes, [value("x", ["rows", 4])], [value("y", ["rows", 3])], [weight("w", 4, 3), weight("b", 3)], opset)
    save(f"gemm-opset-{opset}", model, {"x": numbers(5, 4)})

# In version 3 of the format every initializer was listed among the inputs.
old = graph_model(
    [helper.make_node("MatMul", ["x", "w"], ["y"])],
    [value("x", ["rows", 4]), value("w", [4, 3])],
    [value("y", ["rows", 3])],
    [weight("w", 4, 3)],
    opset=7,
    ir_version=3,
)
save("initializers-as-inputs", old, {"x": numbers(2, 4)})

threshold = graph_model(
    [helper.make_node("Sub", ["x", "threshold"], ["over"])],
    [value("x", ["rows"]), value("threshold", [])],
    [value("over", ["rows"])],
    [numpy_helper.from_array(np.array(0.5, np.float32), "threshold")],
)
save("default-taken", threshold, {"x": numbers(3)})
save("default-given", threshold, {"x": numbers(3), "threshold": np.array(2, np.float32)})

save(
    "convolution",
    graph_model(
        [
            helper.make_node("Conv", ["x", "w", "b"], ["c"], pads=[1, 1, 1, 1]),
            helper.make_node("Relu", ["c"], ["r"]),
            helper.make_node("GlobalAveragePool", ["r"], ["p"]),
            helper.make_node("Flatten", ["p"], ["y"]),
        ],
        [value("x", ["batch", 3, "height", "width"])],
        [value("y", ["batch", 8])],
        [weight("w", 8, 3, 3, 3), weight("b", 8)],
    ),
    {"x": numbers(2, 3, 9, 7)},
)

save(
    "attention",
    graph_model(
        [
            helper.make_node("MatMul", ["x", "wq"], ["q"]),
            helper.make_node("MatMul", ["x", "wk"], ["k"]),
            helper.make_node("MatMul", ["x", "wv"], ["v"]),
            helper.make_node("Transpose", ["k"], ["kt"], perm=[0, 2, 1]),
            helper.make_node("MatMul", ["q", "kt"], ["scores"]),
            helper.make_node("Softmax", ["scores"], ["weights"], axis=-1),
            helper.make_node("MatMul", ["weights", "v"], ["y"]),
        ],
        [value("x", ["batch", "tokens", 8])],
        [value("y", ["batch", "tokens", 8]), value("weights", ["batch", "tokens", "tokens"])],
        [weight("wq", 8, 8), weight("wk", 8, 8), weight("wv", 8, 8)],
    ),
    {"x": numbers(2, 5, 8)},
)

body = helper.make_graph(
    [helper.make_node("Identity", ["go"], ["goes"]), helper.make_node("Add", ["sum", "sum"], ["doubled"])],
    "body",
    [value("index", [], TensorProto.INT64), value("go", [], TensorProto.BOOL), value("sum", ["n"])],
    [value("goes", [], TensorProto.BOOL), value("doubled", ["n"])],
)
save(
    "loop",
    graph_model(
        [helper.make_node("Loop", ["times", "", "x"], ["y"], body=body)],
        [value("times", [], TensorProto.INT64), value("x", ["n"])],
        [value("y", ["n"])],
    ),
    {"times": np.array(3, np.int64), "x": numbers(4)},
)

branches = [
    helper.make_graph([helper.make_node(op, ["x"], ["out"])], op, [], [value("out", ["n"])]) for op in ["Neg", "Abs"]
]
conditional = graph_model(
    [helper.make_node("If", ["flag"], ["y"], then_branch=branches[0], else_branch=branches[1])],
    [value("flag", [], TensorProto.BOOL), value("x", ["n"])],
    [value("y", ["n"])],
)
for flag in [True, False]:
    save(f"if-{flag}".lower(), conditional, {"flag": np.array(flag), "x": numbers(3)})

save(
    "no-rows",
    graph_model(
        [helper.make_node("MatMul", ["x", "w"], ["y"])], [value("x", ["rows", 4])], [value("y", ["rows", 2])], [weight("w", 4, 2)]
    ),
    {"x": numbers(0, 4)},
)
save(
    "scalars",
    graph_model([helper.make_node("Neg", ["x"], ["y"])], [value("x", [])], [value("y", [])]),
    {"x": np.array(2.5, np.float32)},
)

sequence = helper.make_tensor_sequence_value_info("parts", TensorProto.FLOAT, None)
save(
    "split-to-sequence",
    graph_model([helper.make_node("SplitToSequence", ["x"], ["parts"], axis=0)], [value("x", ["rows", 2])], [sequence]),
    {"x": numbers(3, 2)},
)
save(
    "sequence-of-two",
    graph_model(
        [helper.make_node("Neg", ["x"], ["n"]), helper.make_node("SequenceConstruct", ["x", "n"], ["parts"])],
        [value("x", ["rows", 2])],
        [sequence],
    ),
    {"x": numbers(3, 2)},
    parts=["parts"],
)
save(
    "sequence-at",
    graph_model(
        [
            helper.make_node("SequenceConstruct", ["x", "x"], ["parts"]),
            helper.make_node("SequenceAt", ["parts", "index"], ["y"]),
        ],
        [value("x", ["rows", 2]), value("index", [], TensorProto.INT64)],
        [value("y", ["rows", 2])],
    ),
    {"x": numbers(3, 2), "index": np.array(1, np.int64)},
)


def external(name, nodes, outputs):
    (FOLDER / name).mkdir()
    model = graph_model(nodes, [value("x", ["rows", 64])], outputs, [weight("w", 64, 64)])
    convert_model_to_external_data(model, location="weights.bin", size_threshold=0)
    path = FOLDER / name / "model.onnx"
    onnx.save(model, path)
    answer(name, {"x": numbers(2, 64)}, path=path, **({"parts": ["parts"]} if name.endswith("sequence") else {}))


external("external-data", [helper.make_node("MatMul", ["x", "w"], ["y"])], [value("y", ["rows", 64])])
external(
    "external-data-sequence",
    [helper.make_node("MatMul", ["x", "w"], ["y"]), helper.make_node("SequenceConstruct", ["y", "x"], ["parts"])],
    [sequence],
)

(FOLDER / "answers.json").write_text(json.dumps(ANSWERS))
