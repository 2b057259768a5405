"""What goes on in this process: calls by their number, each an asyncio task."""

import asyncio
import time
from collections import deque
from typing import Any, AsyncIterator, Callable, Deque, Dict, List, Optional

from . import frames
from .adapter import Adapter, Request, RouteRequest, ServingError
from .channel import Channel
from .failure import describe
from .wire import read_request, write_response


class Call:
    """One call. A stream's requests wait in `inbox`; `credits` is how many responses the server has room for."""

    __slots__ = ("task", "started", "inbox", "ended", "credits", "wake")

    def __init__(self) -> None:
        self.task: Optional[asyncio.Task] = None
        self.started = False
        self.inbox: Deque[Request] = deque()
        self.ended = False
        self.credits = 0
        self.wake: Optional[asyncio.Future] = None

    async def wait(self) -> None:
        """Until something about this call has changed."""
        self.wake = asyncio.get_running_loop().create_future()
        try:
            await self.wake
        finally:
            self.wake = None

    def changed(self) -> None:
        if self.wake is not None and not self.wake.done():
            self.wake.set_result(None)


class Calls:
    """Runs the calls of one model. `flush` sends what must be with the server before an answer, such as metrics."""

    def __init__(
        self, adapter: Adapter, name: str, version: Optional[str], channel: Channel, flush: Callable[[], None]
    ) -> None:
        self._adapter = adapter
        self._name = name
        self._version = version
        self._channel = channel
        self._flush = flush
        self._calls: Dict[int, Call] = {}
        self._loop = asyncio.get_running_loop()

    def predict(self, number: int, header: bytes, memory: object, offset: int) -> None:
        self._start(number, self._predict, header, memory, offset)

    def stream(self, number: int, header: bytes, memory: object, offset: int) -> None:
        call = self._start(number, self._stream, header, memory, offset)
        self.stream_request(call, header, memory, offset)

    def route(self, number: int, header: bytes, body: bytes) -> None:
        self._start(number, self._route, header, body, 0)

    def take_request(self, number: int, header: bytes, memory: object, offset: int) -> None:
        call = self._calls.get(number)
        if call is not None:
            self.stream_request(call, header, memory, offset)

    def stream_request(self, call: Call, header: bytes, memory: object, offset: int) -> None:
        call.inbox.append(read_request(frames.decode_header(header), memory, offset, self._name, self._version))
        call.changed()

    def end_requests(self, number: int) -> None:
        call = self._calls.get(number)
        if call is not None:
            call.ended = True
            call.changed()

    def credit(self, number: int, count: int) -> None:
        call = self._calls.get(number)
        if call is not None:
            call.credits += count
            call.changed()

    def cancel(self, number: int) -> None:
        call = self._calls.get(number)
        if call is None or call.task is None:
            return
        call.task.cancel()
        # A task that has not begun never gets to say that it has ended.
        if not call.started:
            del self._calls[number]
            self._fail(number, ServingError("CANCELLED", "cancelled before it began"))

    async def cancel_all(self) -> None:
        """Cancels what still runs, and waits until it has ended."""
        tasks = [call.task for call in self._calls.values() if call.task is not None]
        for number in list(self._calls):
            self.cancel(number)
        if tasks:
            await asyncio.wait(tasks)

    def _start(self, number: int, run: Callable, header: bytes, memory: object, offset: int) -> Call:
        call = self._calls[number] = Call()
        call.task = self._loop.create_task(run(number, call, header, memory, offset))
        return call

    async def _predict(self, number: int, call: Call, header: bytes, memory: object, offset: int) -> None:
        call.started = True
        try:
            request = read_request(frames.decode_header(header), memory, offset, self._name, self._version)
            if request.deadline is not None and time.time() >= request.deadline:
                raise ServingError("DEADLINE_EXCEEDED", "the deadline passed before the model was asked")
            response = await self._adapter.predict(request)
            described, buffers = write_response(response)
            self._flush()
            self._channel.send(frames.ANSWER, number, described, buffers)
        except BaseException as error:
            self._fail(number, error)
        finally:
            del self._calls[number]

    async def _stream(self, number: int, call: Call, header: bytes, memory: object, offset: int) -> None:
        call.started = True
        try:
            responses = self._adapter.predict_stream(self._requests(number, call))
            try:
                async for response in responses:
                    described, buffers = write_response(response)
                    while call.credits == 0:
                        await call.wait()
                    call.credits -= 1
                    self._flush()
                    self._channel.send(frames.ITEM, number, described, buffers)
                    await self._channel.drained()
            finally:
                close = getattr(responses, "aclose", None)
                if close is not None:
                    await close()
            self._flush()
            self._channel.send(frames.DONE, number, None)
        except BaseException as error:
            self._fail(number, error)
        finally:
            del self._calls[number]

    async def _requests(self, number: int, call: Call) -> AsyncIterator[Request]:
        """The requests of one stream; the server is asked for the next one when the model wants it."""
        first = True
        while True:
            if not first and not call.inbox and not call.ended:
                self._channel.send(frames.PULL, number, None)
            while not call.inbox and not call.ended:
                await call.wait()
            if not call.inbox:
                return
            first = False
            yield call.inbox.popleft()

    async def _route(self, number: int, call: Call, header: bytes, body: bytes, _offset: int) -> None:
        call.started = True
        try:
            index, method, path, params, query, headers = frames.decode_header(header)
            handle = self._adapter.routes[index].handle
            response = await handle(RouteRequest(method, path, params, query, headers, bytes(body)))
            self._flush()
            described: List[Any] = [response.status, response.content_type, response.headers]
            self._channel.send(frames.ROUTE_ANSWER, number, described, [response.body])
        except BaseException as error:
            self._fail(number, error)
        finally:
            del self._calls[number]

    def _fail(self, number: int, error: BaseException) -> None:
        if isinstance(error, asyncio.CancelledError):
            error = ServingError("CANCELLED", "the model was interrupted")
        self._flush()
        self._channel.send(frames.FAILED, number, describe(error))
