"""The functions of this process in the greeter's place: the real engine calls a notebook's cell.

A function that fails is called again by the engine after 10, 20, 40 ms and so on, up to half the
time-out: after a minute of failures a mended function would wait another minute for its turn. So
after a few failures the answer is held back instead: a header that grows by a byte every few
seconds keeps the engine waiting, the call goes through as soon as the function works, and nothing
is lost if it never does, since the engine then calls again by itself.
"""

from __future__ import annotations

import contextlib
import re
import socket
import sys
import threading
import time
import traceback
from collections import deque
from collections.abc import Callable
from contextvars import ContextVar
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any

from statefun import RequestReplyHandler, StatefulFunctions
from statefun.request_reply_pb2 import ToFunction

from greeter.key import is_known, key_ending
from workshop.notebook import shell

PROMPT_FAILURES = 5
"""How often a failure is answered at once: the engine's waits between them are 0.3 s in all."""

DRIP_SECONDS = 3.0
"""How often a held call gets a byte; the engine gives up on a silent one after 10 s."""

LOOK_SECONDS = 0.2
RETRY_SECONDS = 5.0
"""How often a held call is tried again although the code is the same."""

LARGEST_BODY = 64 * 1024 * 1024
LOG_LINES = 200

_sink: ContextVar[Callable[[str], object] | None] = ContextVar("sink", default=None)


class Hosting:
    """Serves functions of this process to the engine until it is closed.

    Parameters
    ----------
    functions
        What the engine calls.
    port
        The port of the greeter, on 127.0.0.1.
    give_back
        Called once, when the place is free again.
    key
        What a call must have to be answered, as the engine's have it: nothing unless given.

    Attributes
    ----------
    invocations
        How many calls have succeeded; a call has one batch for one address.
    failures
        How many calls have failed.
    error
        The traceback of the newest failure, while there is one that was not mended.
    """

    def __init__(
        self,
        functions: StatefulFunctions,
        port: int,
        give_back: Callable[[], None],
        key: str = "",
    ) -> None:
        self.invocations = 0
        self.failures = 0
        self.error = ""
        self.closed = False
        self._functions = functions
        self._handler = RequestReplyHandler(functions)
        self._give_back = give_back
        self.ending = key_ending(key) if key else ""
        # How often the call of an address has failed, and with which code; it has one at a time.
        self._failed: dict[bytes, tuple[int, object]] = {}
        self._lines: deque[str] = deque(maxlen=LOG_LINES)
        self._partial = ""
        self._one_call = threading.Lock()
        self._changed = threading.Condition()
        self.observer: Callable[[], object] = lambda: None
        self._server = _Server(port, self)
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.05,), name="hosting", daemon=True
        )
        self._thread.start()

    @property
    def waiting(self) -> int:
        """How many addresses have a call that failed and waits for a mended function."""
        return len(self._failed)

    @property
    def text(self) -> str:
        """What the functions have printed, and the tracebacks of failures: the newest lines."""
        return "\n".join([*self._lines, *([self._partial] if self._partial else [])])

    @property
    def summary(self) -> str:
        """How it does, in one line."""
        what = ", ".join(self.types)
        if self.closed:
            return f"{what}: given back to the greeter after {self.invocations} calls"
        if not self.error:
            return f"{what}: your functions, {self.invocations} calls"
        tries = max((times for times, _ in self._failed.values()), default=0)
        return (
            f"{what}: your function fails; {self.waiting} waiting, tried {tries} times. "
            "Mend it and run its cell again: nothing is lost."
        )

    @property
    def types(self) -> list[str]:
        """The function types that are served."""
        return [f"{namespace}/{type}" for namespace, type in self._functions.functions]

    def replace(self, functions: StatefulFunctions) -> None:
        """Serve other functions from now on; calls that wait are tried with them at once.

        The log begins anew.
        """
        with self._changed:
            self._lines.clear()
            self._partial = ""
            self._functions = functions
            self._handler = RequestReplyHandler(functions)
            self._changed.notify_all()

    def observe(self, observer: Callable[[], object]) -> None:
        """Let ``observer`` be called, from any thread, whenever there is something new.

        It takes the place of the former one, which is called for the last time.
        """
        former, self.observer = self.observer, observer
        former()

    def close(self) -> None:
        """Give the place back to the greeter. Calls that wait are answered by it."""
        with self._changed:
            if self.closed:
                return
            self.closed = True
            self._changed.notify_all()
        self._server.shutdown()
        self._server.close()
        self._thread.join()
        _unroute()
        self._give_back()
        self.observer()

    def __enter__(self) -> Hosting:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    # ----------------------------------------------------------------- calls

    def answer(self, body: bytes, drip: Callable[[], object]) -> bytes | None:
        """Call the functions with one request of the engine.

        Parameters
        ----------
        drip
            Called while the answer is held back; raises when nobody waits for it any more.

        Returns
        -------
        bytes or None
            The answer, or None for a failure that is to be told at once.
        """
        while True:
            code = self._code()
            # The same code on the same call prints the same once more: shown only if it works.
            kept: list[str] = []
            again = bool(self._failed) and self._failed.get(_address(body), (0, None))[1] == code
            try:
                result = self._invoke(body, kept.append if again else self._write)
            except BaseException as error:  # A learner's sys.exit() is a failure like any other.
                prompt = self._count_failure(body, error, code)
                if prompt or self.closed:
                    return None
            else:
                self._write("".join(kept))
                self._count_success(body)
                return result
            self._wait_for_change(code, drip)
            if self.closed:
                return None

    def _invoke(self, body: bytes, sink: Callable[[str], object]) -> bytes:
        with self._one_call:
            _route()  # At every call: whoever redirects a stream puts another in its place.
            token = _sink.set(sink)
            try:
                result: bytes = self._handler(body)
                return result
            finally:
                _sink.reset(token)

    def _wait_for_change(self, code: object, drip: Callable[[], object]) -> None:
        began = dripped = time.monotonic()
        drip()
        while not self.closed and self._code() == code:
            now = time.monotonic()
            if now > began + RETRY_SECONDS:
                return
            if now > dripped + DRIP_SECONDS:
                drip()
                dripped = now
            with self._changed:
                self._changed.wait(LOOK_SECONDS)

    def _code(self) -> object:
        """What changes when a function is defined anew, also within the same StatefulFunctions."""
        return self._handler, [id(target) for target in self._functions.functions.values()]

    def _count_failure(self, body: bytes, error: BaseException, code: object) -> bool:
        with self._changed:
            self.failures += 1
            address = _address(body)
            times = self._failed.get(address, (0, None))[0] + 1
            self._failed[address] = times, code
            shown = _told(error)
            if shown != self.error:
                self.error = shown
                self._write(f"{shown}\n")
        self.observer()
        return times <= PROMPT_FAILURES

    def _count_success(self, body: bytes) -> None:
        with self._changed:
            self.invocations += 1
            if self._failed:
                self._failed.pop(_address(body), None)
                self.error = self.error if self._failed else ""
        self.observer()

    def _write(self, text: str) -> None:
        *lines, self._partial = (self._partial + text).split("\n")
        self._lines.extend(lines)
        self.observer()


hostings: dict[Path, Hosting] = {}
"""What this process serves, by the run folder of the stack."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, port: int, hosting: Hosting) -> None:
        self.hosting = hosting
        self.connections: set[socket.socket] = set()
        super().__init__(("127.0.0.1", port), _Request)

    def get_request(self) -> tuple[socket.socket, Any]:
        request, address = super().get_request()
        self.connections.add(request)
        return request, address

    def shutdown_request(self, request: Any) -> None:
        self.connections.discard(request)
        super().shutdown_request(request)

    def close(self) -> None:
        """Hang up on everybody: the engine keeps its connections open between calls."""
        for connection in list(self.connections):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        self.server_close()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """The engine hung up: it will call again."""


_REST_OF_HEAD = b"\r\nContent-Type: application/octet-stream\r\nContent-Length: %d\r\n\r\n"


class _Request(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def do_GET(self) -> None:
        self._respond(200, b"ok\n")

    def do_POST(self) -> None:
        ending = self.server.hosting.ending
        if ending and not is_known(self.path.rpartition("?")[2], ending):
            self.close_connection = True
            self._respond(403, b"Only the stack's own engine is answered.\n")
            return
        size = int(self.headers.get("Content-Length") or 0)
        if size > LARGEST_BODY:
            self.close_connection = True
            self._respond(413, b"The request is too large.\n")
            return
        held = False

        def drip() -> None:
            nonlocal held
            self.wfile.write(b"." if held else b"HTTP/1.1 200 OK\r\nX-Held-Back: .")
            held = True

        result = self.server.hosting.answer(self.rfile.read(size), drip)
        if result is None:
            self.close_connection = True
            if not held:
                self._respond(500, b"The function failed; see the notebook.\n")
        elif held:
            self.wfile.write(_REST_OF_HEAD % len(result) + result)
        else:
            self._respond(200, result)

    def _respond(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/octet-stream")
        self.send_header("Content-Length", f"{len(body)}")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing: what the functions print is the log."""


class _Routed:
    """A standard stream that lets an invocation's text go to its hosting."""

    def __init__(self, stream: Any) -> None:
        self.stream = stream

    def write(self, text: str) -> int:
        sink = _sink.get()
        if sink is None:
            return int(self.stream.write(text))
        sink(text)
        return len(text)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.stream, name)


def _route() -> None:
    for name in ("stdout", "stderr"):
        if not isinstance(getattr(sys, name), _Routed):
            setattr(sys, name, _Routed(getattr(sys, name)))


def _unroute() -> None:
    for name in ("stdout", "stderr"):
        if isinstance(stream := getattr(sys, name), _Routed):
            setattr(sys, name, stream.stream)


def _address(body: bytes) -> bytes:
    """The address that a request calls; the whole body if it is no request."""
    call = ToFunction()
    try:
        call.ParseFromString(body)
    except Exception:  # Each of protobuf's implementations raises its own.
        return body
    address: bytes = call.invocation.target.SerializeToString()
    return address


def _told(error: BaseException) -> str:
    """The traceback as text, a notebook's cells by the number that the notebook shows."""
    text = "".join(traceback.format_exception(type(error), error, _own_part(error))).rstrip()
    here = shell()

    def name(file: re.Match[str]) -> str:
        known = here.compile.format_code_name(file[1])
        return " ".join(known) + ", line" if known else file[0]

    if here is None:
        return text
    return re.sub(r'File "([^"]+)", line', name, text)


def _own_part(error: BaseException) -> TracebackType | None:
    """The traceback from the learner's function on, without the frames that called it."""
    trace = error.__traceback__
    while trace is not None:
        package = trace.tb_frame.f_globals.get("__name__", "").partition(".")[0]
        if package not in ("workshop", "statefun"):
            return trace
        trace = trace.tb_next
    return error.__traceback__
