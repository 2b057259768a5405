"""Runtimes and clients of the first two generations, as their documentation has them."""

import io
import json
import os
import subprocess
import tarfile
import unittest

import requests

from millrace_up import HERE, MillraceUp

PYTHON = {generation: os.environ.get(f"MILLRACE_TEST_HYDROSPHERE_{generation}", "") for generation in ("G1", "G2")}
FIELD = {"dtype": "DT_DOUBLE", "profile": "NUMERICAL"}

up: MillraceUp


def setUpModule():
    global up
    up = MillraceUp()


def tearDownModule():
    assert up.stop() == 0


def scale_signature(name):
    return {
        "signatureName": name,
        "inputs": [{"name": "xs", "shape": {"dims": [-1, 2]}, **FIELD}],
        "outputs": [{"name": "total", "shape": {"dims": []}, **FIELD}],
    }


def released(name, image, signature):
    """Uploads the model of tensors, and waits until it is built."""
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w:gz") as tar:
        tar.add(HERE / "models" / "tensors" / "src", arcname="src")
    runtime, tag = image.rsplit(":", 1)
    metadata = {
        "name": name,
        "runtime": {"name": runtime, "tag": tag},
        "modelSignature": signature,
    }
    answer = requests.post(
        f"{up.http}/api/v2/model/upload",
        files={"payload": ("payload.tar.gz", archive.getvalue()), "metadata": (None, json.dumps(metadata))},
        timeout=60,
    )
    assert answer.ok, answer.text
    version = answer.json()
    # The log ends when the build does.
    requests.get(f"{up.http}/api/v2/model/version/{version['id']}/logs", timeout=60)
    view = up.json("GET", f"/api/v2/model/version/{name}/{version['modelVersion']}")
    assert view["status"] == "Released", view
    return view["id"]


def deployed(name, version):
    graph = {"stages": [{"modelVariants": [{"modelVersionId": version, "weight": 100}]}]}
    up.json("POST", "/api/v2/application", {"name": name, "kafkaStreaming": [], "executionGraph": graph})
    return up.application_in(name, "Ready", "Failed")


class DocumentedRuntimes(unittest.TestCase):
    def serve(self, generation, folder, signature="scale"):
        image = f"someone/python-runtime-example:{folder}-{signature}"
        up.register(image, f"{PYTHON[generation]} main.py", HERE / folder, generation)
        name = f"{folder}-{signature}"
        return name, deployed(name, released(f"model-{name}", image, scale_signature(signature)))

    def test_second_generation(self):
        """checks 21, 23: the documented runtime, mended, serves an application; TensorFlow's way of asking, too"""
        name, view = self.serve("G2", "seed-000")
        self.assertEqual(view["status"], "Ready", view["message"])
        self.assertEqual(up.json("POST", f"/gateway/application/{name}", {"xs": [[1.5, 2]]}), {"total": 3.5})
        client = subprocess.run(
            [PYTHON["G2"], str(HERE / "tensorflow_style_client.py"), up.grpc, name],
            capture_output=True,
            text=True,
            timeout=60,
        )
        self.assertEqual(client.stdout.strip(), "3.5", client.stderr)

    def test_first_generation(self):
        """checks 17, 21: the documented runtime of the first generation serves the function that the signature names"""
        name, view = self.serve("G1", "seed-001", "triple")
        self.assertEqual(view["status"], "Ready", view["message"])
        self.assertEqual(up.json("POST", f"/gateway/application/{name}", {"xs": [[1.5, 2]]}), {"total": 10.5})
        path = f"/api/v1/applications/serve/{view['id']}/triple"
        self.assertEqual(up.json("POST", path, {"xs": [[1, 2]]}), {"total": 9})

    def test_nested_fields(self):
        """check 61: objects and arrays of objects arrive at a program in Python, and come back"""
        image = "someone/python-runtime-example:nested"
        up.register(image, f"{PYTHON['G2']} main.py", HERE / "nested", "G2")
        members = [
            {"name": "name", "dtype": "DT_STRING", "shape": {"dims": []}, "profile": "NONE"},
            {"name": "age", "dtype": "DT_INT32", "shape": {"dims": []}, "profile": "NONE"},
        ]
        customers = {"name": "customers", "subfields": members, "shape": {"dims": [-1]}}
        oldest = {"name": "oldest", "subfields": members, "shape": {"dims": []}}
        signature = {"signatureName": "birthday", "inputs": [customers], "outputs": [customers, oldest]}
        view = deployed("nested", released("model-nested", image, signature))
        self.assertEqual(view["status"], "Ready", view["message"])
        ann, bob = {"name": "Ann", "age": 33}, {"name": "Bob", "age": 7}
        self.assertEqual(
            up.json("POST", "/gateway/application/nested", {"customers": [ann, bob]}),
            {"customers": [{"name": "Ann", "age": 34}, {"name": "Bob", "age": 8}], "oldest": {"name": "Ann", "age": 34}},
        )

    def test_as_documented(self):
        """check 22: the runtime with the documentation's mistakes fails visibly"""
        _, view = self.serve("G2", "as-documented")
        self.assertEqual(view["status"], "Failed")
        self.assertRegex(view["message"], "Traceback|Error")
        servable = view["executionGraph"]["stages"][0]["modelVariants"][0]["servableName"]
        state = up.json("GET", f"/api/v2/servable/{servable}")
        self.assertEqual(state["status"], "NotServing")
        self.assertRegex(state["statusMessage"], "Error")


if __name__ == "__main__":
    unittest.main()
