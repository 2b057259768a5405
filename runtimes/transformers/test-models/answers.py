"""What the models in this folder answer, computed with ONNX Runtime, tokenizers and NumPy alone.

    python answers.py        prints the answers to requests.json as JSON, in its order
"""

import base64
import json
import pathlib
import struct
import zlib

import numpy as np
import onnxruntime
import tokenizers

HERE = pathlib.Path(__file__).resolve().parent


class Folder:
    """A model folder: configuration, tokenizer and sessions."""

    def __init__(self, name):
        self.path = HERE / name
        self.config = json.loads((self.path / "config.json").read_text())
        file = self.path / "tokenizer.json"
        self.tokenizer = tokenizers.Tokenizer.from_file(str(file)) if file.exists() else None
        if self.tokenizer is not None:
            self.most = json.loads((self.path / "tokenizer_config.json").read_text())["model_max_length"]
        self.labels = {int(index): label for index, label in self.config.get("id2label", {}).items()}

    def run(self, inputs, file="model.onnx"):
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 4
        session = onnxruntime.InferenceSession(self.path / "onnx" / file, options)
        names = [output.name for output in session.get_outputs()]
        wanted = {entry.name for entry in session.get_inputs()}
        fed = {name: value for name, value in inputs.items() if name in wanted}
        return dict(zip(names, session.run(None, fed), strict=True))

    def encode(self, texts, pairs=None):
        """Rows of ids padded to the longest, and cut where they are too long, the last separator too."""
        rows = texts if pairs is None else list(zip(texts, pairs, strict=True))
        encodings = self.tokenizer.encode_batch(rows)
        longest = min(max(len(encoding.ids) for encoding in encodings), self.most)
        pad = self.tokenizer.token_to_id("[PAD]")

        def padded(values, filler):
            return np.array([(list(row) + [filler] * longest)[:longest] for row in values], np.int64)

        return {
            "input_ids": padded([encoding.ids for encoding in encodings], pad),
            "attention_mask": padded([encoding.attention_mask for encoding in encodings], 0),
            "token_type_ids": padded([encoding.type_ids for encoding in encodings], 0),
        }

    def decode(self, ids):
        return self.tokenizer.decode([int(index) for index in ids], skip_special_tokens=True)


def softmax(values):
    powers = np.exp(values - values.max(-1, keepdims=True))
    return powers / powers.sum(-1, keepdims=True)


def ranked(scores, count):
    return [int(index) for index in np.argsort(-scores, kind="stable")[:count]]


def text_classification(folder, texts, top_k=1):
    for row in softmax(folder.run(folder.encode(texts))["logits"]):
        best = [{"label": folder.labels[index], "score": float(row[index])} for index in ranked(row, top_k)]
        yield best[0] if top_k == 1 else best


def token_classification(folder, texts):
    inputs = folder.encode(texts)
    logits = folder.run(inputs)["logits"]
    for ids, row in zip(inputs["input_ids"], softmax(logits), strict=True):
        found = []
        for position, scores in enumerate(row):
            best = int(scores.argmax())
            word = folder.decode([ids[position]])
            if folder.labels[best] != "O" and word != "":
                entity = {"entity": folder.labels[best], "score": float(scores[best])}
                found.append({**entity, "index": position, "word": word})
        yield found


def fill_mask(folder, texts, top_k=5):
    inputs = folder.encode(texts)
    logits = folder.run(inputs)["logits"]
    mask = folder.tokenizer.token_to_id("[MASK]")
    for ids, row in zip(inputs["input_ids"], logits, strict=True):
        position = list(ids).index(mask)
        scores = softmax(row[position])
        answers = []
        for token in ranked(scores, top_k):
            sequence = [token if place == position else index for place, index in enumerate(ids)]
            word = folder.tokenizer.decode([token], skip_special_tokens=False)
            answer = {"score": float(scores[token]), "token": token, "token_str": word}
            answers.append({**answer, "sequence": folder.decode(sequence)})
        yield answers


def question_answering(folder, question, context):
    inputs = folder.encode([question], [context])
    result = folder.run(inputs)
    ids, types = inputs["input_ids"][0], inputs["token_type_ids"][0]
    separator = folder.tokenizer.token_to_id("[SEP]")
    hidden = np.array([place > 0 and (types[place] == 0 or ids[place] == separator) for place in range(len(ids))])
    start, end = (softmax(np.where(hidden, -np.inf, result[f"{side}_logits"][0])) for side in ("start", "end"))
    start[0] = end[0] = 0
    spans = np.triu(np.outer(start, end))
    first, last = np.unravel_index(spans.argmax(), spans.shape)
    yield {"answer": folder.decode(ids[first : last + 1]), "score": float(spans[first, last])}


def feature_extraction(folder, texts, pooling="none", normalize=False):
    inputs = folder.encode(texts)
    for row, mask in zip(folder.run(inputs)["last_hidden_state"], inputs["attention_mask"], strict=True):
        values = row[mask == 1]
        if pooling == "mean":
            values = values.mean(0)
        if normalize:
            values = values / np.linalg.norm(values, axis=-1, keepdims=True)
        yield values.tolist()


def zero_shot_classification(folder, texts, labels):
    entailment = next(index for index, label in folder.labels.items() if label == "entailment")
    for text in texts:
        pairs = [folder.encode([text], [f"This example is {label}."]) for label in labels]
        scores = softmax(np.array([folder.run(pair)["logits"][0][entailment] for pair in pairs]))
        order = ranked(scores, len(labels))
        yield {"sequence": text, "labels": [labels[i] for i in order], "scores": [float(scores[i]) for i in order]}


def text_generation(folder, text, count):
    """The most likely tokens one after the other, every time from the start: what the cache must give too."""
    ids = folder.tokenizer.encode(text).ids
    heads, width, layers = folder.config["n_head"], folder.config["n_embd"], folder.config["n_layer"]
    empty = np.zeros((1, heads, 0, width // heads), np.float32)
    past = {f"past_key_values.{layer}.{part}": empty for layer in range(layers) for part in ("key", "value")}
    for _ in range(count):
        row = np.array([ids], np.int64)
        inputs = {"input_ids": row, "attention_mask": np.ones_like(row), "position_ids": np.arange(len(ids))[None]}
        ids.append(int(folder.run({**inputs, **past})["logits"][0, -1].argmax()))
        if ids[-1] == folder.config["eos_token_id"]:
            break
    yield {"generated_text": folder.decode(ids)}


def text2text(folder, texts, count, key):
    heads, width = folder.config["num_heads"], folder.config["d_kv"]
    for text in texts:
        inputs = folder.encode([text])
        hidden = folder.run(inputs, "encoder_model.onnx")["last_hidden_state"]
        seen = {"encoder_hidden_states": hidden, "encoder_attention_mask": inputs["attention_mask"]}
        empty = np.zeros((1, heads, 0, width), np.float32)
        past = {f"past_key_values.0.decoder.{part}": empty for part in ("key", "value")}
        ids = [folder.config["decoder_start_token_id"]]
        for _ in range(count):
            feeds = {"input_ids": np.array([ids], np.int64), **seen, **past}
            ids.append(int(folder.run(feeds, "decoder_model_merged.onnx")["logits"][0, -1].argmax()))
            if ids[-1] == folder.config["eos_token_id"]:
                break
        yield {key: folder.decode(ids)}


def png_pixels(text):
    """The pixels of a PNG without filters, colours of 8 bits: height, width, 3."""
    data, position, packed = base64.b64decode(text), 8, b""
    while position < len(data):
        (size,), kind = struct.unpack(">I", data[position : position + 4]), data[position + 4 : position + 8]
        body = data[position + 8 : position + 8 + size]
        if kind == b"IHDR":
            width, height = struct.unpack(">II", body[:8])
        if kind == b"IDAT":
            packed += body
        position += size + 12
    rows = np.frombuffer(zlib.decompress(packed), np.uint8).reshape(height, 1 + 3 * width)
    return rows[:, 1:].reshape(height, width, 3)


def image_classification(folder, images, top_k=5):
    settings = json.loads((folder.path / "preprocessor_config.json").read_text())
    pixels = np.stack([png_pixels(image) for image in images]).astype(np.float32) / 255
    pixels = (pixels - np.float32(settings["image_mean"])) / np.float32(settings["image_std"])
    logits = folder.run({"pixel_values": pixels.transpose(0, 3, 1, 2).astype(np.float32)})["logits"]
    for row in softmax(logits):
        yield [{"label": folder.labels[index], "score": float(row[index])} for index in ranked(row, top_k)]


def answer(request):
    folder = Folder(request["model"])
    inputs, options = request["inputs"], request.get("parameters", {})
    texts = inputs.get("args") or inputs.get("array_inputs")
    match request["task"]:
        case "text-classification":
            return list(text_classification(folder, texts, options.get("top_k", 1)))
        case "token-classification":
            return list(token_classification(folder, texts))
        case "fill-mask":
            return list(fill_mask(folder, texts, options.get("top_k", 5)))
        case "question-answering":
            return list(question_answering(folder, inputs["question"][0], inputs["context"][0]))
        case "feature-extraction":
            return list(feature_extraction(folder, texts, **options))
        case "zero-shot-classification":
            return list(zero_shot_classification(folder, texts, inputs["candidate_labels"]))
        case "text-generation":
            return list(text_generation(folder, texts[0], options["max_new_tokens"]))
        case "text2text-generation":
            return list(text2text(folder, texts, options["max_new_tokens"], "generated_text"))
        case "summarization":
            return list(text2text(folder, texts, options["max_new_tokens"], "summary_text"))
        case "translation":
            return list(text2text(folder, texts, options["max_new_tokens"], "translation_text"))
        case "image-classification":
            return list(image_classification(folder, texts, options.get("top_k", 5)))
    raise ValueError(f"unknown task {request['task']}")


if __name__ == "__main__":
    requests = json.loads((HERE / "requests.json").read_text())
    print(json.dumps([answer(request) for request in requests]))
