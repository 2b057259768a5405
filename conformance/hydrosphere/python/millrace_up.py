"""Starts the platform as a user would, on free ports and with a folder of its own, and stops it."""

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import requests

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[2]
BUILT_IN = "hydrosphere/serving-runtime-python-3.7"
TIMEOUT_S = 120


class MillraceUp:
    """`http` is a URL, `grpc` is host:port; both are for everything."""

    def __init__(self) -> None:
        node = ROOT / "node_modules" / ".bin" / "node"
        main = os.environ.get("MILLRACE_TEST_MAIN", str(ROOT / "packages/platform/cli/main.ts"))
        self._data = tempfile.mkdtemp(prefix="millrace-up-")
        # Models in Python run with this very interpreter, which has numpy.
        environment = {
            name: value for name, value in os.environ.items() if not name.startswith(("MILLRACE_", "MLSERVER_"))
        }
        environment["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
        ports = ["--host=127.0.0.1", "--http-port=0", "--grpc-port=0", "--metrics-port=0"]
        self._process = subprocess.Popen(
            [str(node) if node.exists() else "node", "--conditions=millrace-source", main, "up", f"--data={self._data}", *ports],
            cwd=ROOT,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=sys.stderr if "-v" in sys.argv else subprocess.DEVNULL,
            text=True,
        )
        printed = self._read_until("metrics")
        self.http = re.search(r"REST\s+(http://[\w.:]+)", printed).group(1)
        self.grpc = re.search(r"gRPC\s+([\w.:]+)", printed).group(1)

    def _read_until(self, text: str) -> str:
        printed = ""
        for line in self._process.stdout:
            printed += line
            if text in line:
                return printed
        raise RuntimeError(f"the platform ended with code {self._process.wait(TIMEOUT_S)}:\n{printed}")

    def json(self, method: str, path: str, body=None):
        answer = requests.request(method, self.http + path, json=body, timeout=TIMEOUT_S)
        assert answer.ok, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer.json()

    def register(self, image: str, command: str, folder: Path, generation: str) -> None:
        """Makes a program known under an image's name, as `POST /api/v1/runtime` makes images known."""
        name, version = image.rsplit(":", 1)
        record = self.json(
            "POST",
            "/api/v1/runtime",
            {
                "name": name,
                "version": version,
                "modelTypes": ["string"],
                "tags": ["string"],
                "configParams": {
                    "MILLRACE_COMMAND": command,
                    "MILLRACE_WORKDIR": str(folder),
                    "MILLRACE_GENERATION": generation,
                },
            },
        )
        while record["status"] in ("Pending", "Running"):
            time.sleep(0.05)
            record = self.json("GET", f"/api/v1/runtime/status/{record['id']}")
        assert record["status"] == "Finished", record

    def application_in(self, name: str, *statuses: str) -> dict:
        deadline = time.monotonic() + TIMEOUT_S
        while time.monotonic() < deadline:
            view = self.json("GET", f"/api/v2/application/{name}")
            if view["status"] in statuses:
                return view
            time.sleep(0.1)
        raise TimeoutError(f"{name} is {view['status']}: {view['message']}")

    def stop(self) -> int:
        self._process.send_signal(signal.SIGTERM)
        code = self._process.wait(TIMEOUT_S)
        self._process.stdout.close()
        shutil.rmtree(self._data, ignore_errors=True)
        return code
