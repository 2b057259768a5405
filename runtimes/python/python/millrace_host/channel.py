"""The channel to the server: frames over the inherited socket, on the asyncio loop, without copies of large bodies."""

import asyncio
import os
import select
import socket
import traceback
from collections import deque
from typing import Callable, Deque, List, Optional

import numpy as np

from .frames import (
    BODY_BYTES_MAX,
    HEADER_BYTES_MAX,
    PREFIX,
    PREFIX_BYTES,
    MalformedFrame,
    encode_header,
    padding,
)

#: The exit code after a frame that cannot be read.
EXIT_PROTOCOL = 70
#: Frames up to this size are copied out of the shared receive buffer; larger ones are received where they stay.
_RECEIVE_BYTES = 256 << 10
_JOINED_BYTES_MAX = 16 << 10
#: How often, and how long each time, a large answer waits for the server to read on.
_WAITS_MAX = 1024
_WAIT_MS = 2
#: Linux takes at most 1024 pieces in one call.
_PIECES_MAX = 512

#: What gets a frame: kind, call, the JSON header's bytes, the frame's memory, and where in it the body starts.
FrameListener = Callable[[int, int, bytes, object, int], None]


class Channel:
    """Reads and writes frames. `on_frame` is called for each; `on_close` once when the server is gone."""

    def __init__(self, descriptor: int, on_frame: FrameListener, on_close: Callable[[], None]) -> None:
        self._socket = socket.socket(fileno=descriptor)
        self._socket.setblocking(False)
        self._socket.set_inheritable(False)
        self._loop = asyncio.get_running_loop()
        self._on_frame = on_frame
        self._on_close = on_close
        self._buffer = bytearray(_RECEIVE_BYTES)
        self._view = memoryview(self._buffer)
        self._start = 0
        self._end = 0
        self._large: Optional[np.ndarray] = None
        self._large_view = self._view
        self._large_end = 0
        self._backlog: Deque[memoryview] = deque()
        self._drained: Optional[asyncio.Future] = None
        self._writing = select.poll()
        self._writing.register(descriptor, select.POLLOUT)
        self._loop.add_reader(descriptor, self._readable)

    def send(self, kind: int, call: int, header: object, buffers: List = ()) -> None:
        """Sends now what the socket takes and the rest when it can."""
        head = encode_header(header)
        size = 0
        pieces = [b"", head, padding(len(head))]
        for buffer in buffers:
            view = memoryview(buffer)
            if view.nbytes == 0:
                continue
            # Each tensor starts at a multiple of 8, the last one needs nothing behind it.
            if size % 8:
                pieces.append(padding(size))
                size += len(pieces[-1])
            pieces.append(view if view.format == "B" and view.ndim == 1 else view.cast("B"))
            size += view.nbytes
        if size > BODY_BYTES_MAX or len(head) > HEADER_BYTES_MAX:
            raise OverflowError(
                f"an answer of {size} bytes with a header of {len(head)} is too large; "
                f"at most {BODY_BYTES_MAX} and {HEADER_BYTES_MAX} are allowed"
            )
        pieces[0] = PREFIX.pack(kind, call, len(head), size)
        if self._backlog:
            self._backlog.append(memoryview(b"".join(pieces)))
            return
        # Below this size a copy costs less than the kernel's walk over the pieces.
        if size < _JOINED_BYTES_MAX:
            pieces = [b"".join(pieces)]
        self._write(pieces)

    async def drained(self) -> None:
        """Waits until the server has taken what was sent."""
        if not self._backlog:
            return
        if self._drained is None:
            self._drained = self._loop.create_future()
        await asyncio.shield(self._drained)

    def close(self) -> None:
        self._loop.remove_reader(self._socket.fileno())
        self._loop.remove_writer(self._socket.fileno())
        self._socket.close()

    def _write(self, pieces: List) -> None:
        waited = 0
        while True:
            try:
                sent = self._socket.sendmsg(pieces[:_PIECES_MAX])
            except (BlockingIOError, InterruptedError):
                sent = 0
            except OSError:
                self._on_close()
                return
            while pieces and sent >= len(pieces[0]):
                sent -= len(pieces.pop(0))
            if not pieces:
                return
            if sent:
                pieces[0] = memoryview(pieces[0])[sent:]
            # A server that reads takes the rest soon; to wait for it here costs less than a copy and turns of the loop.
            if waited >= _WAITS_MAX or not self._writing.poll(_WAIT_MS):
                break
            waited += 1
        # A copy, because a model may use the memory of its last answer for the next one.
        self._backlog.append(memoryview(b"".join(pieces)))
        self._loop.add_writer(self._socket.fileno(), self._writable)

    def _writable(self) -> None:
        backlog = self._backlog
        pieces = [backlog[index] for index in range(min(len(backlog), _PIECES_MAX))]
        try:
            sent = self._socket.sendmsg(pieces)
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            self._on_close()
            return
        while backlog and sent >= len(backlog[0]):
            sent -= len(backlog.popleft())
        if sent:
            backlog[0] = backlog[0][sent:]
        if not backlog:
            self._loop.remove_writer(self._socket.fileno())
            if self._drained is not None:
                self._drained.set_result(None)
                self._drained = None

    def _readable(self) -> None:
        try:
            self._read()
        except Exception:
            # Nothing that comes after it could be understood.
            traceback.print_exc()
            os._exit(EXIT_PROTOCOL)

    def _read(self) -> None:
        try:
            if self._large is not None:
                self._read_large()
                return
            count = self._socket.recv_into(self._view[self._end :])
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            count = 0
        if count == 0:
            self._on_close()
            return
        self._end += count
        self._take_frames()

    def _take_frames(self) -> None:
        start, end = self._start, self._end
        while end - start >= PREFIX_BYTES:
            kind, call, header_bytes, body_bytes = PREFIX.unpack_from(self._buffer, start)
            if header_bytes > HEADER_BYTES_MAX or body_bytes > BODY_BYTES_MAX:
                raise MalformedFrame(f"frame of kind {kind} with a header of {header_bytes} and a body of {body_bytes}")
            body_start = PREFIX_BYTES + header_bytes + (-header_bytes % 8)
            size = body_start + body_bytes
            if size > _RECEIVE_BYTES:
                self._large = np.empty(size, np.uint8)
                self._large_view = memoryview(self._large)
                self._large_end = end - start
                self._large_view[: end - start] = self._view[start:end]
                start = end
                break
            if end - start < size:
                break
            header_start = start + PREFIX_BYTES
            header = bytes(self._view[header_start : header_start + header_bytes])
            # The one copy of a small frame: it makes memory that starts at a multiple of 8 and is the model's own.
            body = bytearray(self._view[start + body_start : start + size]) if body_bytes else b""
            start += size
            self._on_frame(kind, call, header, body, 0)
        if start == end:
            start = end = 0
        elif start:
            # Only the beginning of one frame is left, and the rest of it must find room.
            self._buffer[: end - start] = self._buffer[start:end]
            start, end = 0, end - start
        self._start, self._end = start, end

    def _read_large(self) -> None:
        count = self._socket.recv_into(self._large_view[self._large_end :])
        if count == 0:
            self._on_close()
            return
        self._large_end += count
        if self._large_end < len(self._large_view):
            return
        frame = self._large
        self._large = None
        kind, call, header_bytes, _ = PREFIX.unpack_from(self._large_view, 0)
        header = bytes(self._large_view[PREFIX_BYTES : PREFIX_BYTES + header_bytes])
        body_start = PREFIX_BYTES + header_bytes + (-header_bytes % 8)
        self._large_view = self._view
        self._on_frame(kind, call, header, frame, body_start)
