"""Writes the model folders beside this file, the requests of the tests and the answers to them.

    python -m venv .venv && .venv/bin/pip install -r requirements.txt && .venv/bin/python make-models.py
    npm run format
"""

import base64
import json
import pathlib
import struct
import zlib

import answers
import graphs
import numpy as np
import onnx
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

HERE = pathlib.Path(__file__).resolve().parent
SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
WORDS = """a an and are at bad bridge by cat city cold day dog dry east example fast film for from good great in is it
lake lives long maria market moon morning my near never night north not of on old over paris rain river she slow snow
south spring sun the this to train under very village warm was west where who wind winter works zurich""".split()
CORPUS = [
    "The river runs under the old bridge and over the stones.",
    "In the morning the train leaves the village for the city.",
    "She never saw the sea before the long winter was over.",
    "Rain in the night, sun in the morning, and a cold wind from the north.",
]
NAMES = ["O", "B-PER", "I-PER", "B-LOC", "I-LOC"]


def write(folder, name, value):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(json.dumps(value, ensure_ascii=False, separators=(",", ":")) + "\n")


def word_tokenizer(folder, template=True, length=graphs.POSITIONS):
    """Words, and letters for all others."""
    letters = "abcdefghijklmnopqrstuvwxyz0123456789.,?!'"
    tokens = SPECIAL + WORDS + [c for c in letters if c not in WORDS] + [f"##{c}" for c in letters]
    vocabulary = {token: index for index, token in enumerate(tokens)}
    tokenizer = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece(prefix="##")
    special = [("[CLS]", vocabulary["[CLS]"]), ("[SEP]", vocabulary["[SEP]"])]
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]" if template else "$A [SEP]",
        pair="[CLS] $A [SEP] $B:1 [SEP]:1" if template else "$A [SEP] $B:1 [SEP]:1",
        special_tokens=special if template else special[1:],
    )
    tokenizer.add_special_tokens(SPECIAL)
    write(folder, "tokenizer.json", json.loads(tokenizer.to_str()))
    names = {f"{name}_token": f"[{name.upper()}]" for name in ("pad", "unk", "cls", "sep", "mask")}
    kind = "BertTokenizer" if template else "PreTrainedTokenizerFast"
    settings = {"tokenizer_class": kind, "model_max_length": length, "clean_up_tokenization_spaces": False}
    write(folder, "tokenizer_config.json", {**names, **settings})
    return len(tokens)


def byte_tokenizer(folder):
    """Bytes and the most frequent pairs of a few sentences; learnt, so one run of it is what is committed."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=360,
        special_tokens=["<|end|>"],
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    tokenizer.train_from_iterator(CORPUS, trainer)
    write(folder, "tokenizer.json", json.loads(tokenizer.to_str()))
    template = "{% for m in messages %}{{ m['role'] }}: {{ m['content'] }}\n{% endfor %}"
    names = {"bos_token": "<|end|>", "eos_token": "<|end|>", "unk_token": "<|end|>"}
    settings = {"tokenizer_class": "GPT2Tokenizer", "model_max_length": graphs.POSITIONS, "chat_template": template}
    write(folder, "tokenizer_config.json", {**names, **settings})
    return tokenizer.get_vocab_size()


def encoder(name, architecture, head, seed, labels=()):
    folder = HERE / name
    vocabulary = word_tokenizer(folder)
    config = {
        "model_type": "bert",
        "architectures": [architecture],
        "vocab_size": vocabulary,
        "hidden_size": graphs.HIDDEN,
        "num_attention_heads": graphs.HEADS,
        "num_hidden_layers": 1,
        "max_position_embeddings": graphs.POSITIONS,
    }
    if labels:
        config["id2label"] = {str(index): label for index, label in enumerate(labels)}
        config["label2id"] = {label: index for index, label in enumerate(labels)}
    write(folder, "config.json", config)
    graphs.bert(folder / "onnx" / "model.onnx", vocabulary, seed, head, len(labels))


def decoder():
    folder = HERE / "generation"
    vocabulary = byte_tokenizer(folder)
    config = {
        "model_type": "gpt2",
        "architectures": ["GPT2LMHeadModel"],
        "vocab_size": vocabulary,
        "n_embd": graphs.HIDDEN,
        "n_head": graphs.HEADS,
        "n_layer": 2,
        "n_positions": graphs.POSITIONS,
        "bos_token_id": 0,
        "eos_token_id": 0,
    }
    write(folder, "config.json", config)
    graphs.gpt2(folder / "onnx" / "model.onnx", vocabulary, 5)


def encoder_decoder():
    folder = HERE / "text2text"
    vocabulary = word_tokenizer(folder, template=False)
    config = {
        "model_type": "t5",
        "architectures": ["T5ForConditionalGeneration"],
        "is_encoder_decoder": True,
        "vocab_size": vocabulary,
        "d_model": graphs.HIDDEN,
        "d_kv": graphs.WIDTH,
        "num_heads": graphs.HEADS,
        "num_layers": 1,
        "num_decoder_layers": 1,
        "pad_token_id": 0,
        "eos_token_id": 3,
        "decoder_start_token_id": 0,
    }
    write(folder, "config.json", config)
    graphs.t5(folder / "onnx", vocabulary, 11)


def image(size):
    folder = HERE / "image"
    labels = ["stripes", "dots", "plain"]
    config = {
        "model_type": "vit",
        "architectures": ["ViTForImageClassification"],
        "hidden_size": graphs.HIDDEN,
        "image_size": size,
        "patch_size": 4,
        "id2label": {str(index): label for index, label in enumerate(labels)},
        "label2id": {label: index for index, label in enumerate(labels)},
    }
    write(folder, "config.json", config)
    means = {"image_mean": [0.5, 0.5, 0.5], "image_std": [0.5, 0.5, 0.5], "rescale_factor": 1 / 255}
    steps = {"do_resize": True, "do_rescale": True, "do_normalize": True, "resample": 2}
    sizes = {"size": {"height": size, "width": size}, "image_processor_type": "ViTImageProcessor"}
    write(folder, "preprocessor_config.json", {**steps, **means, **sizes})
    graphs.image_classifier(folder / "onnx" / "model.onnx", 21, size, len(labels))


def png(pixels):
    """A PNG without filters, as base64 text."""
    height, width, _ = pixels.shape
    rows = b"".join(b"\0" + row.tobytes() for row in pixels)

    def chunk(kind, body):
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    data = b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    return base64.b64encode(data).decode()


def requests(size):
    stripes = np.zeros((size, size, 3), np.uint8)
    stripes[::2] = (250, 40, 10)
    slope = np.arange(size * size * 3, dtype=np.int64).reshape(size, size, 3) * 7 % 256
    texts = ["The film was very good", "Never a cold day, not in Paris!"]
    long_text = " ".join(["the old bridge over the river"] * 20)

    def request(model, task, inputs, **parameters):
        return {"model": model, "task": task, "inputs": inputs, "parameters": parameters}

    return [
        request("classification", "text-classification", {"args": texts}),
        request("classification", "text-classification", {"array_inputs": texts}, top_k=3),
        request("classification", "text-classification", {"args": [long_text]}),
        request("tokens", "token-classification", {"array_inputs": ["Maria lives in Zurich", "the moon"]}),
        request("mask", "fill-mask", {"array_inputs": ["The [MASK] is cold", "she [MASK] in paris"]}),
        request("mask", "fill-mask", {"array_inputs": ["The [MASK] is cold", "a"][:1]}, top_k=2),
        request(
            "answers", "question-answering", {"question": ["Where is the bridge?"], "context": ["the bridge is in zurich"]}
        ),
        request("features", "feature-extraction", {"array_inputs": texts}),
        request("features", "feature-extraction", {"array_inputs": texts}, pooling="mean", normalize=True),
        request(
            "zero-shot", "zero-shot-classification", {"args": texts[:1], "candidate_labels": ["film", "train", "snow"]}
        ),
        request("generation", "text-generation", {"args": ["The river runs"]}, max_new_tokens=12),
        request("generation", "text-generation", {"args": ["Zürich: 100 m, 7 °C"]}, max_new_tokens=9),
        request("text2text", "text2text-generation", {"args": ["the train is slow"]}, max_new_tokens=8),
        request("text2text", "summarization", {"args": ["a cold wind"]}, max_new_tokens=5),
        request("text2text", "translation", {"args": ["good night", "snow"][:1]}, max_new_tokens=5),
        request("image", "image-classification", {"args": [png(stripes), png(slope.astype(np.uint8))]}, top_k=3),
    ]


encoder("classification", "BertForSequenceClassification", "classification", 1, ("bad", "fair", "good"))
encoder("zero-shot", "BertForSequenceClassification", "classification", 2, ("contradiction", "neutral", "entailment"))
encoder("tokens", "BertForTokenClassification", "token-classification", 3, NAMES)
encoder("mask", "BertForMaskedLM", "fill-mask", 4)
encoder("answers", "BertForQuestionAnswering", "question-answering", 6)
encoder("features", "BertModel", "features", 7)
decoder()
encoder_decoder()
image(16)
asked = requests(16)
write(HERE, "requests.json", asked)
write(HERE, "expected.json", [answers.answer(request) for request in asked])


def outside():
    """A graph whose weights would be read from a file of another folder."""
    graph = graphs.Graph(1)
    ids = graph.input("input_ids", ["batch_size", "sequence_length"])
    graph.output(graph.op("Gather", graph.weight(64, graphs.HIDDEN), ids), "logits", [None, None, graphs.HIDDEN])
    graph.save(HERE / "outside.onnx")
    model = onnx.load(HERE / "outside.onnx")
    weights = model.graph.initializer[0]
    weights.ClearField("raw_data")
    weights.data_location = onnx.TensorProto.EXTERNAL
    for key, value in {"location": "../../secret.bin", "offset": "0", "length": str(64 * graphs.HIDDEN * 4)}.items():
        weights.external_data.add(key=key, value=value)
    (HERE / "outside.onnx").write_bytes(model.SerializeToString())


outside()


def endless():
    """Has neither layers nor an end."""
    folder = HERE / "endless"
    vocabulary = byte_tokenizer(folder)
    config = {"model_type": "gpt2", "architectures": ["GPT2LMHeadModel"], "vocab_size": vocabulary}
    write(folder, "config.json", {**config, "n_embd": 8, "n_head": 1, "n_layer": 0})
    write(folder, "tokenizer_config.json", {"tokenizer_class": "GPT2Tokenizer", "unk_token": "<|end|>"})
    graphs.pairs(folder / "onnx" / "model.onnx", vocabulary, 31)


endless()
