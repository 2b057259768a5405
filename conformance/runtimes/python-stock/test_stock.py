"""Runtimes whose libraries are too large to have here, with small things in their place. Run by python-parts.test.ts."""

import asyncio
import http.server
import json
import os
import sys
import tempfile
import threading
import types
import unittest

import mlserver
import numpy as np
from millrace_stock.alibi_detect_model import AlibiDetectRuntime
from millrace_stock.alibi_explain_model import AlibiExplainRuntime
from millrace_stock.explained_model import RemoteModel
from millrace_stock.mllib_model import MLlibModel
from mlserver import ModelSettings
from mlserver.errors import MLServerError
from mlserver.types import InferenceRequest

seen = []


def stand_in(name, **members):
    parts = name.split(".")
    for end in range(1, len(parts) + 1):
        sys.modules.setdefault(".".join(parts[:end]), types.ModuleType(".".join(parts[:end])))
    sys.modules[name].__dict__.update(members)


def a_class(name, module, **members):
    return type(name, (), {"__module__": module, **members})


def loaded(runtime, folder, extra=None, **parameters):
    settings = ModelSettings(name="m", implementation=runtime, parameters={"uri": folder, "extra": extra or {}, **parameters})
    model = runtime(settings)
    asyncio.run(model.load())
    return model


def ask(model, rows, **parameters):
    array = np.asarray(rows)
    tensor = {"name": "x", "shape": list(array.shape), "datatype": "FP64", "data": array.ravel().tolist()}
    request = InferenceRequest(inputs=[tensor], parameters=parameters or None)
    return asyncio.run(model.predict(request))


class AlibiDetect(unittest.TestCase):
    def setUp(self):
        def predict(self, rows, threshold=0.5):
            seen.append((rows.shape, threshold))
            if rows.shape[-1] != 2:
                raise ValueError("two features are needed")
            return {"data": {"is_drift": int(rows.sum() > threshold), "distance": [0.25, 0.5]}, "meta": {"name": "KSDrift"}}

        detector = a_class("KSDrift", "alibi_detect.cd.ks", predict=predict)()
        stand_in("alibi_detect.saving", load_detector=lambda folder: detector)
        mlserver.register = lambda name, description: None
        mlserver.log = lambda **values: seen.append(values)
        seen.clear()

    def test_one_output_for_each_result(self):
        model = loaded(AlibiDetectRuntime, tempfile.gettempdir(), {"predict_parameters": {"threshold": 2}})
        response = ask(model, [[1.0, 2.0], [3.0, 4.0]])
        self.assertEqual([(one.name, one.shape) for one in response.outputs], [("is_drift", [1, 1]), ("distance", [1, 2])])
        headers = {"x-seldon-alibi-type": "drift", "x-seldon-alibi-method": "ks"}
        self.assertEqual(response.parameters.headers, headers)
        self.assertEqual(seen, [((2, 2), 2), {"seldon_model_drift": 1.0}])
        with self.assertRaisesRegex(MLServerError, "two features are needed"):
            ask(model, [[1.0]])

    def test_requests_are_collected_to_batches(self):
        os.environ["MLSERVER_MODEL_ALIBI_DETECT_BATCH_SIZE"] = "3"
        try:
            model = loaded(AlibiDetectRuntime, tempfile.gettempdir())
        finally:
            del os.environ["MLSERVER_MODEL_ALIBI_DETECT_BATCH_SIZE"]
        counts = [len(ask(model, [[1.0, 2.0]]).outputs) for _ in range(4)]
        self.assertEqual(counts, [0, 0, 2, 0])
        self.assertEqual(seen[0][0], (3, 2))
        with self.assertRaisesRegex(MLServerError, "batch_size is -1; expected a whole number from 1"):
            loaded(AlibiDetectRuntime, tempfile.gettempdir(), {"batch_size": -1})


class AlibiExplain(unittest.TestCase):
    def test_an_explainer_asks_the_model_behind_an_address(self):
        with V2Model() as address:
            def init(self, predictor, **options):
                self.predictor, self.options = predictor, options

            def explain(self, rows, **parameters):
                answer = self.predictor(np.atleast_2d(rows))
                made = {"rows": np.asarray(rows).tolist(), "answer": answer.tolist(), **self.options, **parameters}
                return types.SimpleNamespace(to_json=lambda: json.dumps(made))

            explainer = a_class("AnchorTabular", "alibi.explainers.anchors.anchor_tabular", __init__=init, explain=explain)
            stand_in("alibi.explainers", AnchorTabular=explainer)
            extra = {"explainer_type": "anchor_tabular", "infer_uri": address, "init_parameters": {"seed": 1}}
            model = loaded(AlibiExplainRuntime, tempfile.gettempdir(), extra)
            response = ask(model, [[1.0, 2.0], [3.0, 4.0]], explain_parameters={"threshold": 0.9})
        (output,) = response.outputs
        self.assertEqual((output.name, output.datatype), ("explanation", "BYTES"))
        text = getattr(output.data, "root", output.data)[0]
        expected = {"rows": [1.0, 2.0], "answer": [3.0], "seed": 1, "threshold": 0.9}
        self.assertEqual(json.loads(text), expected)
        self.assertEqual(response.parameters.headers["x-seldon-alibi-method"], "anchor_tabular")

    def test_an_address_that_does_not_answer(self):
        with V2Model() as address:
            with self.assertRaisesRegex(MLServerError, "answers 404"):
                RemoteModel(address.replace("sum", "none"), None, None)(np.zeros((1, 2)))
        with self.assertRaisesRegex(MLServerError, "cannot be asked"):
            RemoteModel(address, None, None)(np.zeros((1, 2)))
        with self.assertRaisesRegex(MLServerError, "expected an address that starts with http"):
            RemoteModel("file:///etc/passwd", None, None)


class V2Model:
    """A model that adds up rows, behind an address."""

    def __enter__(self):
        class Handler(http.server.BaseHTTPRequestHandler):
            def answer(self, body):
                text = json.dumps(body).encode()
                self.send_response(200 if "/sum" in self.path else 404)
                self.send_header("content-length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            def do_GET(self):
                self.answer({"inputs": [{"name": "rows"}], "outputs": [{"name": "total"}]})

            def do_POST(self):
                request = json.loads(self.rfile.read(int(self.headers["content-length"])))
                (tensor,), (output,) = request["inputs"], request["outputs"]
                rows = np.array(tensor["data"]).reshape(tensor["shape"])
                skips = self.headers["Seldon-Skip-Logging"] == "true" and tensor["name"] == "rows"
                totals = rows.sum(axis=1).tolist() if skips else []
                made = {"name": output["name"], "shape": [len(rows), 1], "datatype": "FP64", "data": totals}
                self.answer({"outputs": [made]})

            def log_message(self, *_):
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{self._server.server_port}/v2/models/sum/infer"

    def __exit__(self, *_):
        self._server.shutdown()
        self._server.server_close()


class MLlib(unittest.TestCase):
    def setUp(self):
        class Configuration:
            def setAppName(self, name):
                return self

            def set(self, name, value):
                seen.append((name, value))
                return self

        context = types.SimpleNamespace(stop=lambda: seen.append("stopped"))
        stand_in("pyspark", SparkConf=Configuration)
        sys.modules["pyspark"].SparkContext = types.SimpleNamespace(getOrCreate=lambda configuration: context)
        model = types.SimpleNamespace(predict=lambda row: sum(row) if isinstance(row, list) else row * 2)
        load = staticmethod(lambda context, folder: model)
        for module, name in (("regression", "LassoModel"), ("regression", "IsotonicRegressionModel")):
            stand_in(f"pyspark.mllib.{module}", **{name: a_class(name, module, load=load)})
        seen.clear()

    def test_one_row_gives_one_number(self):
        model = loaded(MLlibModel, tempfile.gettempdir(), format="Lasso")
        (output,) = ask(model, [1.0, 2.0, 4.0]).outputs
        self.assertEqual((output.name, output.datatype, output.shape), ("predict", "FP32", [1]))
        self.assertEqual(list(getattr(output.data, "root", output.data)), [7.0])
        asyncio.run(model.unload())
        self.assertEqual(seen, [("spark.driver.host", "127.0.0.1"), "stopped"])

    def test_isotonic_regression_takes_a_number(self):
        model = loaded(MLlibModel, tempfile.gettempdir(), format="IsotonicRegression")
        (output,) = ask(model, [4.0]).outputs
        self.assertEqual(list(getattr(output.data, "root", output.data)), [8.0])
        with self.assertRaisesRegex(MLServerError, "takes one number; this request has 2"):
            ask(model, [1.0, 2.0])


if __name__ == "__main__":
    unittest.main()
