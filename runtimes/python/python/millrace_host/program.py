"""The program: takes frames from the server, has the model answer them, and ends when the server does."""

import asyncio
import os
import platform
import select
import signal
import sys
import threading
import time
from typing import Any, List, Optional

from . import frames
from .adapter import Host, LoadSpec
from .calls import Calls
from .channel import Channel
from .failure import describe
from .loading import load, read_spec

#: How long a model may go on after the server has gone.
_ORPHAN_SECONDS = 2.0
_PR_SET_PDEATHSIG = 1


class Program(Host):
    def __init__(self, descriptor: int) -> None:
        self.ended = asyncio.get_running_loop().create_future()
        self._observations: List[List[Any]] = []
        self._adapter = None
        self._calls: Optional[Calls] = None
        self._tasks = set()
        self._thread = threading.get_ident()
        self._loop = asyncio.get_running_loop()
        self._channel = Channel(descriptor, self._on_frame, self._on_close)
        self._channel.send(frames.HELLO, 0, [os.getpid(), platform.python_version(), sys.executable])

    def log(self, level: str, message: str) -> None:
        self._on_loop(lambda: self._channel.send(frames.LOG, 0, [level, message[:8192]]))

    def observe(self, name: str, value: float, description: str = "") -> None:
        self._observations.append([name, float(value), description])
        # Of a model that logs without answering, or from a thread of its own.
        if len(self._observations) >= 256:
            self._on_loop(self._flush)

    def _on_loop(self, action) -> None:
        if threading.get_ident() == self._thread:
            action()
        else:
            self._loop.call_soon_threadsafe(action)

    def _flush(self) -> None:
        if self._observations:
            observations, self._observations = self._observations, []
            self._channel.send(frames.METRICS, 0, observations)

    def _on_frame(self, kind: int, call: int, header: bytes, memory: object, offset: int) -> None:
        calls = self._calls
        if kind == frames.LOAD:
            self._spawn(self._load(read_spec(frames.decode_header(header))))
        elif kind == frames.UNLOAD:
            self._spawn(self._unload())
        elif calls is None:
            raise frames.MalformedFrame(f"frame of kind {kind} before the model was loaded")
        elif kind == frames.PREDICT:
            calls.predict(call, header, memory, offset)
        elif kind == frames.CANCEL:
            calls.cancel(call)
        elif kind == frames.CREDIT:
            calls.credit(call, frames.decode_header(header))
        elif kind == frames.STREAM:
            calls.stream(call, header, memory, offset)
        elif kind == frames.STREAM_REQUEST:
            calls.take_request(call, header, memory, offset)
        elif kind == frames.STREAM_END:
            calls.end_requests(call)
        elif kind == frames.ROUTE:
            calls.route(call, header, memory if offset == 0 else memoryview(memory)[offset:])
        else:
            raise frames.MalformedFrame(f"frame of kind {kind}, which nobody knows")

    def _spawn(self, coroutine) -> None:
        # The loop itself holds tasks weakly.
        task = self._loop.create_task(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _load(self, spec: LoadSpec) -> None:
        try:
            self._adapter, description = await load(spec, self)
        except BaseException as error:
            self._flush()
            self._channel.send(frames.FAILED, 0, describe(error))
            return
        name = spec.settings["name"]
        version = (spec.settings.get("parameters") or {}).get("version")
        self._calls = Calls(self._adapter, name, version, self._channel, self._flush)
        self._flush()
        self._channel.send(frames.LOADED, 0, description)

    async def _unload(self) -> None:
        failure = None
        try:
            if self._calls is not None:
                await self._calls.cancel_all()
            if self._adapter is not None:
                await self._adapter.unload()
        except BaseException as error:
            failure = describe(error)
        self._flush()
        self._channel.send(frames.UNLOADED, 0, failure)
        await self._channel.drained()
        self._on_close()

    def _on_close(self) -> None:
        if not self.ended.done():
            self.ended.set_result(None)


def die_with_the_server(descriptor: int) -> None:
    """Ends this process when the server is gone, even while a model blocks the loop."""
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    watch = select.poll()
    # No events asked for: only the end of the channel is told.
    watch.register(descriptor, 0)

    def wait() -> None:
        watch.poll()
        time.sleep(_ORPHAN_SECONDS)
        os._exit(0)

    threading.Thread(target=wait, name="millrace-watch", daemon=True).start()


async def main(descriptor: int) -> None:
    program = Program(descriptor)
    await program.ended


def run(descriptor: int) -> None:
    die_with_the_server(descriptor)
    asyncio.run(main(descriptor))
    sys.stdout.flush()
    sys.stderr.flush()
    # Threads that a model left running would keep the process alive.
    os._exit(0)
