"""Starts the server as a user would, on free ports, and stops it."""

import re
import signal
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
REPOSITORY = ROOT / "conformance" / "models" / "repository"
START_TIMEOUT_S = 60


class MillraceServer:
    """`rest` and `grpc` are host:port, as tritonclient wants them."""

    def __init__(self) -> None:
        node = ROOT / "node_modules" / ".bin" / "node"
        self._process = subprocess.Popen(
            [
                str(node) if node.exists() else "node",
                "--conditions=millrace-source",
                "packages/platform/cli/main.ts",
                "serve",
                str(REPOSITORY),
                "--http-port=0",
                "--grpc-port=0",
                "--metrics-port=0",
            ],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            text=True,
        )
        printed = self._read_until("Ctrl+C")
        self.rest = re.search(r"REST\s+http://(\S+)", printed).group(1)
        self.grpc = re.search(r"gRPC\s+(\S+)", printed).group(1)

    def _read_until(self, text: str) -> str:
        printed = ""
        for line in self._process.stdout:
            printed += line
            if text in line:
                return printed
        raise RuntimeError(f"the server ended with code {self._process.wait(START_TIMEOUT_S)}:\n{printed}")

    def stop(self) -> int:
        self._process.send_signal(signal.SIGTERM)
        code = self._process.wait(START_TIMEOUT_S)
        self._process.stdout.close()
        return code
