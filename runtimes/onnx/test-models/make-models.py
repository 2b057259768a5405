"""Writes the small ONNX models that the tests of this package load.

    python -m venv .venv && .venv/bin/pip install -r requirements.txt
    .venv/bin/python make-models.py

Running it again writes the same bytes; the tests themselves need no Python.
"""

from pathlib import Path

import numpy as np
from onnx import TensorProto, checker, helper, numpy_helper, save

FOLDER = Path(__file__).parent
FREE = ["rows", "columns"]

TENSOR_TYPES = {
    "float32": TensorProto.FLOAT,
    "float64": TensorProto.DOUBLE,
    "float16": TensorProto.FLOAT16,
    "bfloat16": TensorProto.BFLOAT16,
    "int8": TensorProto.INT8,
    "int16": TensorProto.INT16,
    "int32": TensorProto.INT32,
    "int64": TensorProto.INT64,
    "uint8": TensorProto.UINT8,
    "uint16": TensorProto.UINT16,
    "uint32": TensorProto.UINT32,
    "uint64": TensorProto.UINT64,
    "bool": TensorProto.BOOL,
    "string": TensorProto.STRING,
}


def tensor(name, shape, element_type=TensorProto.FLOAT):
    return helper.make_tensor_value_info(name, element_type, shape)


def write(name, nodes, inputs, outputs, initializers=(), opset=17, ir_version=8, is_valid=True):
    domains = {node.domain for node in nodes}
    opsets = [helper.make_opsetid("", opset)]
    if "ai.onnx.ml" in domains:
        opsets.append(helper.make_opsetid("ai.onnx.ml", 1))
    graph = helper.make_graph(nodes, name, inputs, outputs, list(initializers))
    model = helper.make_model(graph, opset_imports=opsets, ir_version=ir_version, producer_name="make-models.py")
    if is_valid:
        checker.check_model(model)
    save(model, FOLDER / f"{name}.onnx")


# One model for every element type.
for type_name, element_type in TENSOR_TYPES.items():
    write(
        f"identity-{type_name}",
        [helper.make_node("Identity", ["x"], ["y"])],
        [tensor("x", FREE, element_type)],
        [tensor("y", FREE, element_type)],
    )

# An element type that ONNX Runtime exchanges with JavaScript and V2 does not know.
write(
    "uint4-input",
    [helper.make_node("Cast", ["x"], ["y"], to=TensorProto.FLOAT)],
    [tensor("x", FREE, TensorProto.UINT4)],
    [tensor("y", FREE)],
    opset=21,
    ir_version=10,
)

# Two inputs, two outputs, in an order that is not the alphabet's.
write(
    "sum-and-difference",
    [
        helper.make_node("Add", ["left", "right"], ["sum"]),
        helper.make_node("Sub", ["left", "right"], ["difference"]),
    ],
    [tensor("left", ["rows", 3]), tensor("right", ["rows", 3])],
    [tensor("sum", ["rows", 3]), tensor("difference", ["rows", 3])],
)

# Its declared shape says nothing of the 3 that its weights need, so only a run can find out.
weights = numpy_helper.from_array(np.arange(6, dtype=np.float32).reshape(3, 2), "weights")
write(
    "free-matmul",
    [helper.make_node("MatMul", ["x", "weights"], ["y"])],
    [tensor("x", FREE)],
    [tensor("y", ["rows", 2])],
    [weights],
)

# Broadcasting two free extents fails for some of them.
write(
    "free-add",
    [helper.make_node("Add", ["left", "right"], ["sum"])],
    [tensor("left", ["m"]), tensor("right", ["n"])],
    [tensor("sum", ["k"])],
)

# A value, not a shape, makes this one fail; its node's name is not to mislead anyone.
write(
    "lookup",
    [helper.make_node("Gather", ["table", "index"], ["entry"], name="shape")],
    [tensor("index", ["rows"], TensorProto.INT64)],
    [tensor("entry", ["rows"])],
    [numpy_helper.from_array(np.array([10, 20, 30], dtype=np.float32), "table")],
)

# A rank of zero that is really meant, beside one that the graph leaves open: ONNX wants every input
# and output to have a shape, but exporters leave it out and ONNX Runtime does not mind.
write(
    "scalar",
    [helper.make_node("Neg", ["x"], ["y"])],
    [tensor("x", [])],
    [tensor("y", [])],
)
write(
    "unranked",
    [helper.make_node("Neg", ["x"], ["y"])],
    [tensor("x", None)],
    [tensor("y", None)],
    is_valid=False,
)

# What scikit-learn's exporter makes of a classifier unless it is told `zipmap: False`.
map_type = helper.make_map_type_proto(TensorProto.INT64, helper.make_tensor_type_proto(TensorProto.FLOAT, []))
write(
    "zipmap",
    [helper.make_node("ZipMap", ["x"], ["output_probability"], domain="ai.onnx.ml", classlabels_int64s=[0, 1])],
    [tensor("x", ["rows", 2])],
    [helper.make_value_info("output_probability", helper.make_sequence_type_proto(map_type))],
)
write(
    "sequence-input",
    [helper.make_node("ConcatFromSequence", ["parts"], ["whole"], axis=0)],
    [helper.make_tensor_sequence_value_info("parts", TensorProto.FLOAT, ["n"])],
    [tensor("whole", ["m"])],
)

# A classifier with text labels, whose probabilities are an output besides.
text_map = helper.make_map_type_proto(TensorProto.STRING, helper.make_tensor_type_proto(TensorProto.FLOAT, []))
write(
    "zipmap-texts",
    [
        helper.make_node("Softmax", ["x"], ["probabilities"], axis=1),
        helper.make_node("ZipMap", ["probabilities"], ["output_probability"], domain="ai.onnx.ml", classlabels_strings=["no", "yes"]),
    ],
    [tensor("x", ["rows", 2])],
    [
        tensor("probabilities", ["rows", 2]),
        helper.make_value_info("output_probability", helper.make_sequence_type_proto(text_map)),
    ],
)

# Sequences of tensors: of a known number, and of as many as the input has rows.
sequence = helper.make_tensor_sequence_value_info("parts", TensorProto.FLOAT, None)
write(
    "sequence-of-two",
    [
        helper.make_node("Neg", ["x"], ["n"]),
        helper.make_node("SequenceConstruct", ["x", "n"], ["both"]),
        helper.make_node("Identity", ["both"], ["parts"]),
    ],
    [tensor("x", ["rows", 2])],
    [sequence],
)
write(
    "split-rows",
    [helper.make_node("SplitToSequence", ["x"], ["parts"], axis=0, keepdims=0)],
    [tensor("x", ["rows", 2])],
    [sequence],
)

# Values that have no form as a tensor.
write(
    "optional-output",
    [helper.make_node("Optional", ["x"], ["maybe"])],
    [tensor("x", ["rows"])],
    [
        helper.make_value_info(
            "maybe", helper.make_optional_type_proto(helper.make_tensor_type_proto(TensorProto.FLOAT, ["rows"]))
        )
    ],
)

# An input with a default, and one of an old exporter's: an initializer that is listed as an input because all were.
threshold = numpy_helper.from_array(np.array(0.5, dtype=np.float32), "threshold")
for name, ir_version in [("default-input", 8), ("listed-initializer", 3)]:
    write(
        name,
        [helper.make_node("Sub", ["x", "threshold"], ["over"])],
        [tensor("x", ["rows"]), tensor("threshold", [])],
        [tensor("over", ["rows"])],
        [threshold],
        opset=7,
        ir_version=ir_version,
    )

# What an exporter writes that saw one row only: the output's shape is wrong for any other number of rows.
write(
    "one-row-seen",
    [helper.make_node("Neg", ["x"], ["y"])],
    [tensor("x", ["rows"])],
    [tensor("y", [1])],
    is_valid=False,
)
write(
    "labels-of-one-row",
    [helper.make_node("LabelEncoder", ["x"], ["label"], domain="ai.onnx.ml", classes_strings=["a", "b"])],
    [tensor("x", ["rows"], TensorProto.STRING)],
    [tensor("label", None, TensorProto.INT64)],
    is_valid=False,
)

# Takes as long as it is told to, and never less than some milliseconds.
body = helper.make_graph(
    [helper.make_node("Identity", ["go"], ["goes"]), helper.make_node("Add", ["sum", "one"], ["next"])],
    "body",
    [tensor("index", [], TensorProto.INT64), tensor("go", [], TensorProto.BOOL), tensor("sum", [])],
    [tensor("goes", [], TensorProto.BOOL), tensor("next", [])],
)
write(
    "spin",
    [
        helper.make_node("Add", ["times", "least"], ["turns"]),
        helper.make_node("Loop", ["turns", "", "zero"], ["y"], body=body),
    ],
    [tensor("times", [], TensorProto.INT64)],
    [tensor("y", [])],
    [
        numpy_helper.from_array(np.array(20_000, dtype=np.int64), "least"),
        numpy_helper.from_array(np.array(0, dtype=np.float32), "zero"),
        numpy_helper.from_array(np.array(1, dtype=np.float32), "one"),
    ],
)
