"""Small ONNX graphs of the shapes that transformers export, with seeded random weights."""

import numpy as np
from onnx import TensorProto, helper, numpy_helper

HIDDEN = 16
HEADS = 2
WIDTH = HIDDEN // HEADS
POSITIONS = 48


class Graph:
    """Collects nodes, weights, inputs and outputs, and names what it makes."""

    def __init__(self, seed):
        self.random = np.random.default_rng(seed)
        self.nodes, self.weights, self.inputs, self.outputs = [], [], [], []
        self.count = 0

    def input(self, name, shape, kind=TensorProto.INT64):
        self.inputs.append(helper.make_tensor_value_info(name, kind, shape))
        return name

    def output(self, value, name, shape):
        self.nodes.append(helper.make_node("Identity", [value], [name]))
        self.outputs.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, shape))

    def constant(self, value, dtype=np.int64):
        self.count += 1
        name = f"c{self.count}"
        self.weights.append(numpy_helper.from_array(np.asarray(value, dtype), name))
        return name

    def weight(self, *shape, scale=0.5):
        return self.constant(self.random.normal(0, scale, shape), np.float32)

    def op(self, kind, *inputs, **attributes):
        self.count += 1
        name = f"v{self.count}"
        self.nodes.append(helper.make_node(kind, list(inputs), [name], **attributes))
        return name

    def linear(self, value, rows, columns, scale=0.5):
        return self.op("Add", self.op("MatMul", value, self.weight(rows, columns, scale=scale)), self.weight(columns))

    def save(self, path):
        graph = helper.make_graph(self.nodes, "model", self.inputs, self.outputs, self.weights)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], producer_name="millrace")
        model.ir_version = 8
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(model.SerializeToString())


def embed(graph, vocabulary, with_types=True):
    """Embeddings of words, positions and segments: [batch, length, hidden]."""
    ids = graph.input("input_ids", ["batch_size", "sequence_length"])
    mask = graph.input("attention_mask", ["batch_size", "sequence_length"])
    words = graph.op("Gather", graph.weight(vocabulary, HIDDEN, scale=1), ids)
    length = graph.op("Gather", graph.op("Shape", ids), graph.constant(1))
    positions = graph.op("Range", graph.constant(0), length, graph.constant(1))
    hidden = graph.op("Add", words, graph.op("Gather", graph.weight(POSITIONS, HIDDEN), positions))
    if with_types:
        types = graph.input("token_type_ids", ["batch_size", "sequence_length"])
        hidden = graph.op("Add", hidden, graph.op("Gather", graph.weight(2, HIDDEN), types))
    return hidden, mask


def split_heads(graph, value):
    """[batch, length, hidden] to [batch, heads, length, width]."""
    shaped = graph.op("Reshape", value, graph.constant([0, -1, HEADS, WIDTH]))
    return graph.op("Transpose", shaped, perm=[0, 2, 1, 3])


def attend(graph, query, key, value, bias):
    """Attention of several heads, joined again; bias is added to the scores."""
    scores = graph.op("MatMul", query, graph.op("Transpose", key, perm=[0, 1, 3, 2]))
    scores = graph.op("Div", scores, graph.constant(WIDTH**0.5, np.float32))
    weights = graph.op("Softmax", graph.op("Add", scores, bias), axis=-1)
    mixed = graph.op("Transpose", graph.op("MatMul", weights, value), perm=[0, 2, 1, 3])
    return graph.op("Reshape", mixed, graph.constant([0, -1, HIDDEN]))


def padding_bias(graph, mask):
    """0 where the mask is 1 and a large negative number elsewhere: [batch, 1, 1, length]."""
    visible = graph.op("Unsqueeze", graph.op("Cast", mask, to=TensorProto.FLOAT), graph.constant([1, 2]))
    return graph.op("Mul", graph.op("Sub", visible, graph.constant(1, np.float32)), graph.constant(1e4, np.float32))


def encode(graph, hidden, bias):
    """One layer of self-attention with a residual."""
    query, key, value = (split_heads(graph, graph.linear(hidden, HIDDEN, HIDDEN)) for _ in range(3))
    mixed = graph.linear(attend(graph, query, key, value, bias), HIDDEN, HIDDEN)
    return graph.op("Tanh", graph.op("Add", hidden, mixed))


def bert(path, vocabulary, seed, head, labels=0):
    """An encoder with a head: classification, token-classification, question-answering, fill-mask or none."""
    graph = Graph(seed)
    hidden, mask = embed(graph, vocabulary)
    hidden = encode(graph, hidden, padding_bias(graph, mask))
    if head == "classification":
        first = graph.op("Gather", hidden, graph.constant(0), axis=1)
        graph.output(graph.linear(first, HIDDEN, labels), "logits", ["batch_size", labels])
    elif head in ("token-classification", "fill-mask"):
        columns = labels or vocabulary
        graph.output(graph.linear(hidden, HIDDEN, columns), "logits", ["batch_size", "sequence_length", columns])
    elif head == "question-answering":
        for name in ("start_logits", "end_logits"):
            column = graph.op("Squeeze", graph.linear(hidden, HIDDEN, 1, scale=1), graph.constant([2]))
            graph.output(column, name, ["batch_size", "sequence_length"])
    else:
        graph.output(hidden, "last_hidden_state", ["batch_size", "sequence_length", HIDDEN])
    graph.save(path)


def remember(graph, name, fresh):
    """Puts the keys or values of earlier tokens before those of this call's."""
    shape = ["batch_size", HEADS, "past_sequence_length", WIDTH]
    past = graph.input(f"past_key_values.{name}", shape, TensorProto.FLOAT)
    present = graph.op("Concat", past, fresh, axis=2)
    graph.output(present, f"present.{name}", ["batch_size", HEADS, "total_length", WIDTH])
    return present


def causal_bias(graph, query, key):
    """Hides tokens to come: the last query sees every key, the one before all but one: [queries, keys]."""
    queries = graph.op("Gather", graph.op("Shape", query), graph.constant(2))
    keys = graph.op("Gather", graph.op("Shape", key), graph.constant(2))
    shape = graph.op("Concat", *(graph.op("Unsqueeze", n, graph.constant([0])) for n in (queries, keys)), axis=0)
    hidden = graph.op("Expand", graph.constant(-1e4, np.float32), shape)
    first_hidden = graph.op("Add", graph.op("Sub", keys, queries), graph.constant(1))
    return graph.op("Trilu", hidden, first_hidden, upper=1)


def gpt2(path, vocabulary, seed, layers=2):
    """A decoder that remembers keys and values of earlier tokens."""
    graph = Graph(seed)
    ids = graph.input("input_ids", ["batch_size", "sequence_length"])
    mask = graph.input("attention_mask", ["batch_size", "total_sequence_length"])
    positions = graph.input("position_ids", ["batch_size", "sequence_length"])
    words = graph.op("Gather", graph.weight(vocabulary, HIDDEN, scale=1), ids)
    hidden = graph.op("Add", words, graph.op("Gather", graph.weight(POSITIONS, HIDDEN, scale=1), positions))
    padding = padding_bias(graph, mask)
    for layer in range(layers):
        query, key, value = (split_heads(graph, graph.linear(hidden, HIDDEN, HIDDEN)) for _ in range(3))
        key, value = remember(graph, f"{layer}.key", key), remember(graph, f"{layer}.value", value)
        bias = graph.op("Add", causal_bias(graph, query, key), padding)
        mixed = graph.linear(attend(graph, query, key, value, bias), HIDDEN, HIDDEN)
        hidden = graph.op("Tanh", graph.op("Add", hidden, mixed))
    graph.output(graph.linear(hidden, HIDDEN, vocabulary), "logits", ["batch_size", "sequence_length", vocabulary])
    graph.save(path)


def t5(folder, vocabulary, seed):
    """An encoder, and a decoder that looks at it and remembers its own earlier tokens."""
    graph = Graph(seed)
    hidden, mask = embed(graph, vocabulary, with_types=False)
    hidden = encode(graph, hidden, padding_bias(graph, mask))
    graph.output(hidden, "last_hidden_state", ["batch_size", "sequence_length", HIDDEN])
    graph.save(folder / "encoder_model.onnx")

    graph = Graph(seed + 1)
    ids = graph.input("input_ids", ["batch_size", "decoder_sequence_length"])
    seen = graph.input("encoder_hidden_states", ["batch_size", "encoder_sequence_length", HIDDEN], TensorProto.FLOAT)
    mask = graph.input("encoder_attention_mask", ["batch_size", "encoder_sequence_length"])
    hidden = graph.op("Gather", graph.weight(vocabulary, HIDDEN, scale=1), ids)
    query, key, value = (split_heads(graph, graph.linear(hidden, HIDDEN, HIDDEN)) for _ in range(3))
    key, value = remember(graph, "0.decoder.key", key), remember(graph, "0.decoder.value", value)
    mixed = graph.linear(attend(graph, query, key, value, causal_bias(graph, query, key)), HIDDEN, HIDDEN)
    hidden = graph.op("Tanh", graph.op("Add", hidden, mixed))
    query = split_heads(graph, graph.linear(hidden, HIDDEN, HIDDEN))
    key, value = (split_heads(graph, graph.linear(seen, HIDDEN, HIDDEN)) for _ in range(2))
    mixed = graph.linear(attend(graph, query, key, value, padding_bias(graph, mask)), HIDDEN, HIDDEN)
    hidden = graph.op("Tanh", graph.op("Add", hidden, mixed))
    logits = graph.linear(hidden, HIDDEN, vocabulary)
    graph.output(logits, "logits", ["batch_size", "decoder_sequence_length", vocabulary])
    graph.save(folder / "decoder_model_merged.onnx")


def image_classifier(path, seed, size, labels):
    """Patches of 4 by 4 pixels through a convolution, their mean, and a linear layer."""
    graph = Graph(seed)
    pixels = graph.input("pixel_values", ["batch_size", 3, size, size], TensorProto.FLOAT)
    patches = graph.op("Conv", pixels, graph.weight(HIDDEN, 3, 4, 4), graph.weight(HIDDEN), strides=[4, 4])
    pooled = graph.op("Flatten", graph.op("GlobalAveragePool", graph.op("Tanh", patches)), axis=1)
    graph.output(graph.linear(pooled, HIDDEN, labels, scale=2), "logits", ["batch_size", labels])
    graph.save(path)


def pairs(path, vocabulary, seed, width=8):
    """The next token by the last one alone: a decoder that remembers nothing, and so never comes to an end."""
    graph = Graph(seed)
    ids = graph.input("input_ids", ["batch_size", "sequence_length"])
    hidden = graph.op("Gather", graph.weight(vocabulary, width, scale=1), ids)
    logits = graph.op("MatMul", hidden, graph.weight(width, vocabulary, scale=1))
    graph.output(logits, "logits", ["batch_size", "sequence_length", vocabulary])
    graph.save(path)
