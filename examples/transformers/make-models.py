"""Writes the two models beside this file: word lists and counts in the files that transformers exporters write.

    python -m venv .venv && .venv/bin/pip install -r requirements.txt && .venv/bin/python make-models.py
"""

import json
import pathlib

import numpy as np
from onnx import TensorProto, helper, numpy_helper
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers

HERE = pathlib.Path(__file__).resolve().parent
GOOD = "amazing beautiful best charming delightful enjoyed excellent friendly fun good great love loved lovely nice perfect".split()
BAD = "annoying awful bad boring broken cold dirty disappointing dull hate hated late poor rude slow terrible ugly worst".split()
PROVERBS = """a stitch in time saves nine
time and tide wait for no man
no man is an island
an apple a day keeps the doctor away
the early bird catches the worm
the pen is mightier than the sword
actions speak louder than words
many hands make light work
a bird in the hand is worth two in the bush
practice makes perfect
better late than never
where there is smoke there is fire
all roads lead to rome
rome was not built in a day""".splitlines()


def write(folder, name, value):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(json.dumps(value, indent=1) + "\n")


def tokenizer(folder, words, settings):
    vocabulary = {word: index for index, word in enumerate(words)}
    words = Tokenizer(models.WordLevel(vocabulary, unk_token="[UNK]"))
    words.normalizer = normalizers.Lowercase()
    words.pre_tokenizer = pre_tokenizers.Whitespace()
    words.add_special_tokens([token for token in vocabulary if token.startswith("[")])
    write(folder, "tokenizer.json", json.loads(words.to_str()))
    write(folder, "tokenizer_config.json", {"unk_token": "[UNK]", **settings})


def save(folder, nodes, weights, inputs, columns):
    tensors = [numpy_helper.from_array(value, name) for name, value in weights.items()]
    infos = [helper.make_tensor_value_info(name, TensorProto.INT64, ["batch_size", "length"]) for name in inputs]
    logits = helper.make_tensor_value_info("logits", TensorProto.FLOAT, columns)
    graph = helper.make_graph(nodes, "model", infos, [logits], tensors)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], producer_name="example")
    model.ir_version = 8
    (folder / "onnx").mkdir(parents=True, exist_ok=True)
    (folder / "onnx" / "model.onnx").write_bytes(model.SerializeToString())


def sentiment():
    """Good words minus bad ones."""
    folder = HERE / "sentiment"
    words = ["[PAD]", "[UNK]", *GOOD, *BAD]
    tokenizer(folder, words, {"pad_token": "[PAD]", "model_max_length": 512})
    labels = ["NEGATIVE", "POSITIVE"]
    write(
        folder,
        "config.json",
        {
            "model_type": "distilbert",
            "architectures": ["DistilBertForSequenceClassification"],
            "max_position_embeddings": 512,
            "id2label": dict(enumerate(labels)),
            "label2id": {label: index for index, label in enumerate(labels)},
        },
    )
    sides = np.zeros((len(words), 2), np.float32)
    for index, word in enumerate(words):
        sides[index] = (0, 1) if word in GOOD else (1, 0) if word in BAD else (0, 0)
    nodes = [
        helper.make_node("Gather", ["sides", "input_ids"], ["words"]),
        helper.make_node("Cast", ["attention_mask"], ["mask"], to=TensorProto.FLOAT),
        helper.make_node("Unsqueeze", ["mask", "last"], ["column"]),
        helper.make_node("Mul", ["words", "column"], ["read"]),
        helper.make_node("ReduceSum", ["read", "middle"], ["logits"], keepdims=0),
    ]
    weights = {"sides": sides, "last": np.array([2], np.int64), "middle": np.array([1], np.int64)}
    save(folder, nodes, weights, ["input_ids", "attention_mask"], ["batch_size", 2])


def proverbs():
    """Each word is followed by the one that most often follows it."""
    folder = HERE / "proverbs"
    lines = [[*line.split(), "[END]"] for line in PROVERBS]
    words = ["[UNK]", "[END]", *sorted({word for line in lines for word in line} - {"[END]"})]
    tokenizer(folder, words, {"eos_token": "[END]", "bos_token": "[END]"})
    config = {"model_type": "gpt2", "architectures": ["GPT2LMHeadModel"], "eos_token_id": 1, "bos_token_id": 1}
    write(folder, "config.json", {**config, "n_layer": 0, "n_head": 1, "n_embd": 1, "vocab_size": len(words)})
    counts = np.full((len(words), len(words)), 1e-6, np.float32)
    for line in lines:
        for word, following in zip(line, line[1:], strict=False):
            counts[words.index(word), words.index(following)] += 1
    nodes = [helper.make_node("Gather", ["counts", "input_ids"], ["logits"])]
    save(folder, nodes, {"counts": np.log(counts)}, ["input_ids"], ["batch_size", "length", len(words)])


sentiment()
proverbs()
