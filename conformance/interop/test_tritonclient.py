"""One suite for both of tritonclient's clients: HTTP and gRPC must give the same answers."""

import queue
import unittest

import numpy as np
import tritonclient.grpc as grpcclient
import tritonclient.http as httpclient
from millrace_server import MillraceServer
from tritonclient.utils import InferenceServerException

server: MillraceServer


def setUpModule() -> None:
    global server
    server = MillraceServer()


def tearDownModule() -> None:
    code = server.stop()
    assert code == 0, f"the server ended with code {code}"


# Extremes, so that nothing that goes through a double or a narrower type survives.
VALUES = {
    "FP32": np.array([[1.5, -0.0, 3.4028235e38, 1e-45]], dtype=np.float32),
    "FP64": np.array([[1e308, 5e-324, np.pi, -1.0]], dtype=np.float64),
    "FP16": np.array([[1.5, -2.25, 65504, 6e-8]], dtype=np.float16),
    "INT8": np.array([[-128, 127, 0, 1]], dtype=np.int8),
    "INT16": np.array([[-32768, 32767, 0, 1]], dtype=np.int16),
    "INT32": np.array([[-(2**31), 2**31 - 1, 0, 1]], dtype=np.int32),
    "INT64": np.array([[-(2**63), 2**63 - 1, 2**53 + 1, 0]], dtype=np.int64),
    "UINT8": np.array([[0, 255, 1, 2]], dtype=np.uint8),
    "UINT16": np.array([[0, 65535, 1, 2]], dtype=np.uint16),
    "UINT32": np.array([[0, 2**32 - 1, 1, 2]], dtype=np.uint32),
    "UINT64": np.array([[0, 2**64 - 1, 2**53 + 1, 1]], dtype=np.uint64),
    "BOOL": np.array([[True, False, True, True]], dtype=np.bool_),
    "BYTES": np.array([["text", "", "ünï", "a\nb"]], dtype=np.object_),
}
# JSON has no form for these: tritonclient itself refuses to send them so.
BINARY_ONLY = {"FP16"}


class Suite:
    """What both clients do; `client` and `module` are the subclass's."""

    def infer(self, datatype: str, **options):
        data = VALUES[datatype]
        inputs = [self.module.InferInput("x", list(data.shape), datatype)]
        self.set_data(inputs[0], data)
        return self.client.infer("echo", inputs, **options)

    def assert_same(self, datatype: str, answer: np.ndarray) -> None:
        expected = VALUES[datatype]
        if datatype == "BYTES":
            texts = [item.decode() if isinstance(item, bytes) else item for item in answer.flatten()]
            self.assertEqual(texts, list(expected.flatten()))
        else:
            self.assertEqual(answer.dtype, expected.dtype)
            self.assertEqual(answer.tobytes(), expected.tobytes())
        self.assertEqual(list(answer.shape), list(expected.shape))

    def test_live_and_ready(self):
        self.assertTrue(self.client.is_server_live())
        self.assertTrue(self.client.is_server_ready())
        self.assertTrue(self.client.is_model_ready("echo"))

    def test_every_datatype_as_by_default(self):
        for datatype in VALUES:
            with self.subTest(datatype):
                self.assert_same(datatype, self.infer(datatype).as_numpy("x"))

    def test_request_id_is_echoed(self):
        response = self.infer("FP32", request_id="r-1").get_response()
        self.assertEqual(response["id"] if isinstance(response, dict) else response.id, "r-1")

    def test_bytes_that_are_not_text(self):
        data = np.array([b"\x00\xff\xfe", b"\x80"], dtype=np.object_)
        inputs = [self.module.InferInput("x", [2], "BYTES")]
        inputs[0].set_data_from_numpy(data)
        self.assertEqual(list(self.client.infer("echo", inputs).as_numpy("x")), list(data))

    def test_parameters_reach_the_model_call(self):
        self.assert_same("FP32", self.infer("FP32", parameters={"flag": True, "count": 3, "rate": 0.5, "text": "t"}).as_numpy("x"))

    def test_priority_and_timeout(self):
        self.assert_same("FP32", self.infer("FP32", priority=1, timeout=5_000_000).as_numpy("x"))

    def test_unknown_model(self):
        with self.assertRaisesRegex(InferenceServerException, "Model nothing not found"):
            self.client.get_model_metadata("nothing")

    def test_error_message_arrives(self):
        inputs = [self.module.InferInput("x", [3], "FP32")]
        self.set_data(inputs[0], np.zeros(3, np.float32))
        inputs[0].set_shape([4])
        with self.assertRaisesRegex(InferenceServerException, "'x'"):
            self.client.infer("echo", inputs)

    def test_unload_and_load(self):
        self.client.unload_model("words")
        self.assert_not_found("words")
        self.client.load_model("words")
        self.assertTrue(self.client.is_model_ready("words"))

    def test_load_of_an_unknown_model(self):
        with self.assertRaisesRegex(InferenceServerException, "not found"):
            self.client.load_model("nothing")


class HttpTest(Suite, unittest.TestCase):
    module = httpclient

    def assert_not_found(self, model):
        self.assertFalse(self.client.is_model_ready(model))

    def setUp(self):
        self.client = httpclient.InferenceServerClient(server.rest)
        self.addCleanup(self.client.close)

    def set_data(self, tensor, data):
        tensor.set_data_from_numpy(data)

    def test_metadata(self):
        self.assertIn("binary_tensor_data", self.client.get_server_metadata()["extensions"])
        self.assertEqual(self.client.get_model_metadata("echo")["name"], "echo")
        self.assertEqual(self.client.get_model_config("echo")["name"], "echo")

    def test_statistics(self):
        self.infer("FP32")
        [statistics] = self.client.get_inference_statistics("echo")["model_stats"]
        self.assertGreater(statistics["inference_stats"]["success"]["count"], 0)

    def test_repository_index(self):
        index = {entry["name"]: entry["state"] for entry in self.client.get_model_repository_index()}
        self.assertEqual(index["echo"], "READY")

    def test_binary_off_in_and_out(self):
        for datatype, data in VALUES.items():
            if datatype in BINARY_ONLY:
                continue
            for binary_in, binary_out in [(False, False), (False, True), (True, False)]:
                with self.subTest(datatype, binary_in=binary_in, binary_out=binary_out):
                    inputs = [httpclient.InferInput("x", list(data.shape), datatype)]
                    inputs[0].set_data_from_numpy(data, binary_data=binary_in)
                    outputs = [httpclient.InferRequestedOutput("x", binary_data=binary_out)]
                    self.assert_same(datatype, self.client.infer("echo", inputs, outputs=outputs).as_numpy("x"))

    def test_compression(self):
        for algorithm in ["gzip", "deflate"]:
            with self.subTest(algorithm):
                response = self.infer(
                    "INT64", request_compression_algorithm=algorithm, response_compression_algorithm=algorithm
                )
                self.assert_same("INT64", response.as_numpy("x"))

    def test_large_tensor(self):
        data = np.random.default_rng(0).random((1024, 1024), dtype=np.float32)
        inputs = [httpclient.InferInput("x", [1024, 1024], "FP32")]
        inputs[0].set_data_from_numpy(data)
        self.assertTrue(np.array_equal(self.client.infer("echo", inputs).as_numpy("x"), data))

    def test_async(self):
        data = VALUES["INT32"]
        inputs = [httpclient.InferInput("x", list(data.shape), "INT32")]
        inputs[0].set_data_from_numpy(data)
        with httpclient.InferenceServerClient(server.rest, concurrency=4) as client:
            requests = [client.async_infer("echo", inputs) for _ in range(32)]
            for request in requests:
                self.assert_same("INT32", request.get_result().as_numpy("x"))


class GrpcTest(Suite, unittest.TestCase):
    module = grpcclient

    def assert_not_found(self, model):
        # Over gRPC a model that is not there is an error, as it is with Triton.
        with self.assertRaisesRegex(InferenceServerException, "NOT_FOUND"):
            self.client.is_model_ready(model)

    def setUp(self):
        self.client = grpcclient.InferenceServerClient(server.grpc)
        self.addCleanup(self.client.close)

    def set_data(self, tensor, data):
        tensor.set_data_from_numpy(data)

    def test_metadata(self):
        self.assertIn("binary_tensor_data", self.client.get_server_metadata().extensions)
        self.assertEqual(self.client.get_model_metadata("echo").name, "echo")
        self.assertEqual(self.client.get_model_config("echo").config.name, "echo")

    def test_statistics(self):
        self.infer("FP32")
        [statistics] = self.client.get_inference_statistics("echo").model_stats
        self.assertGreater(statistics.inference_stats.success.count, 0)

    def test_repository_index(self):
        index = {model.name: model.state for model in self.client.get_model_repository_index().models}
        self.assertEqual(index["echo"], "READY")

    def test_compression(self):
        for algorithm in ["gzip", "deflate"]:
            with self.subTest(algorithm):
                self.assert_same("INT64", self.infer("INT64", compression_algorithm=algorithm).as_numpy("x"))

    def test_large_tensor_within_the_limit(self):
        data = np.random.default_rng(0).random((960, 1024), dtype=np.float32)
        inputs = [grpcclient.InferInput("x", [960, 1024], "FP32")]
        inputs[0].set_data_from_numpy(data)
        self.assertTrue(np.array_equal(self.client.infer("echo", inputs).as_numpy("x"), data))

    def test_message_over_the_limit(self):
        inputs = [grpcclient.InferInput("x", [1100, 1024], "FP32")]
        inputs[0].set_data_from_numpy(np.zeros((1100, 1024), np.float32))
        with self.assertRaisesRegex(InferenceServerException, "RESOURCE_EXHAUSTED"):
            self.client.infer("echo", inputs)
        self.assertTrue(self.client.is_server_live())

    def test_client_deadline(self):
        inputs = [grpcclient.InferInput(name, [1], "BYTES") for name in ["key", "mode"]]
        for tensor, text in zip(inputs, ["interop", "obey"]):
            tensor.set_data_from_numpy(np.array([text], dtype=np.object_))
        with self.assertRaisesRegex(InferenceServerException, "Deadline Exceeded|DEADLINE_EXCEEDED"):
            self.client.infer("never", inputs, client_timeout=0.2)

    def test_stream(self):
        answers: queue.Queue = queue.Queue()
        self.client.start_stream(lambda result, error: answers.put((result, error)))
        data = np.array(["one two three"], dtype=np.object_)
        inputs = [grpcclient.InferInput("text", [1], "BYTES")]
        inputs[0].set_data_from_numpy(data)
        self.client.async_stream_infer("words", inputs, request_id="s-1")
        words = []
        for _ in range(3):
            result, error = answers.get(timeout=30)
            self.assertIsNone(error)
            self.assertEqual(result.get_response().id, "s-1")
            words.append(result.as_numpy("output")[0].decode())
        self.assertEqual("".join(words), "one two three")

        # An error of one request comes in-band, and the stream goes on.
        self.client.async_stream_infer("nothing", inputs)
        _, error = answers.get(timeout=30)
        self.assertRegex(str(error), "Model nothing not found")
        self.client.async_stream_infer("words", inputs, enable_empty_final_response=True)
        results = [answers.get(timeout=30)[0].get_response() for _ in range(4)]
        self.assertTrue(results[3].parameters["triton_final_response"].bool_param)
        self.client.stop_stream()


if __name__ == "__main__":
    unittest.main()
