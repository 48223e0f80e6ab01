"""The functions of this process in the greeter's place: the real engine calls a notebook's cell.

A function that fails is called again by the engine after 10, 20, 40 ms and so on, up to half the
time-out: after a minute of failures a fixed function would wait another minute for its turn. So
after a few failures the answer is held back instead: a header that grows by a byte every few
seconds keeps the engine waiting, the call goes through as soon as the function works, and nothing
is lost if it never does, since the engine then calls again by itself.

It is long: several threads share the calls, their log and their state.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from types import TracebackType

from statefun import RequestReplyHandler, StatefulFunctions
from statefun.request_reply_pb2 import ToFunction

from greeter.key import key_ending
from workshop.stack import awaiting
from workshop.stack.hosted_call import Call
from workshop.stack.hosting_server import Server
from workshop.stack.printed import traceback_of, unroute
from workshop.stack.sdks import bound, bound_types

PROMPT_FAILURES = 5
"""How often a failure is answered at once: the engine's waits between them are 0.3 s in all."""

DRIP_SECONDS = 3.0
"""How often a held call gets a byte; the engine gives up on a silent one after 10 s."""

LOOK_SECONDS = 0.2
RETRY_SECONDS = 5.0
"""How often a held call is tried again although the code is the same."""

LONG_SECONDS = 2.0
"""A call that has been running for longer is reported."""

LOG_LINES = 200


class Hosting:
    """Serves functions of this process to the engine until it is closed.

    It is long, as the head of the module says.

    Parameters
    ----------
    functions
        What the engine calls.
    port
        The port of the greeter, on 127.0.0.1.
    give_back
        Called once, when the place is free again.
    key
        The key that a call must contain, as the engine's calls do: none unless given.

    Attributes
    ----------
    invocations
        How many calls have succeeded; a call has one batch for one address.
    failures
        How many calls have failed.
    error
        The traceback of the newest failure, while there is one that was not fixed.
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
        self._long: Call | None = None
        self.closed = False
        self._functions = functions
        self._handler = RequestReplyHandler(functions)
        self._give_back = give_back
        self.ending = key_ending(key) if key else ""
        # How often the call of an address has failed, and with which code; it has one at a time.
        self._failed: dict[bytes, tuple[int, object]] = {}
        self._lines: deque[str] = deque(maxlen=LOG_LINES)
        self._partial = ""
        # Functions are called one at a time, but none waits for a call of code that was replaced.
        self._turn: tuple[object, threading.Lock] = None, threading.Lock()
        self._changed = threading.Condition()
        self.observer: Callable[[], object] = lambda: None
        self._server = Server(port, self)
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.05,), name="hosting", daemon=True
        )
        self._thread.start()

    @property
    def waiting(self) -> int:
        """How many addresses have a call that failed and waits for a fixed function."""
        return len(self._failed)

    @property
    def running(self) -> str:
        """That a function has not returned for seconds, and which line runs; empty otherwise."""
        call = self._long
        if call is None or call.wait(0):
            return ""
        place = call.place.rstrip(":")
        at = f"; it is at {place}" if place else ""
        return f"your function has not returned for {call.seconds:.0f} s{at}"

    @property
    def trouble(self) -> str:
        """What has to be fixed: a function that does not return, or one that raised."""
        return "" if self.closed else self.running or self.error

    @property
    def text(self) -> str:
        """What the functions have printed, and the tracebacks of failures: the newest lines."""
        return "\n".join([*self._lines, *([self._partial] if self._partial else [])])

    @property
    def summary(self) -> str:
        """Its state, in one line."""
        what = ", ".join(self.types)
        if self.closed:
            return f"{what}: given back to the greeter after {self.invocations} calls"
        if self.running:
            return f"{what}: {self.running}. Fix it and run its cell again; nothing is lost."
        if not self.error:
            return f"{what}: your functions, {self.invocations} calls"
        tries = max((times for times, _ in self._failed.values()), default=0)
        return (
            f"{what}: your function fails; {self.waiting} waiting, tried {tries} times. "
            "Fix it and run its cell again; nothing is lost."
        )

    @property
    def types(self) -> list[str]:
        """The function types that are served."""
        return bound_types(self._functions)

    def replace(self, functions: StatefulFunctions) -> None:
        """Serve other functions from now on; calls that wait are tried with them at once.

        The log starts over.
        """
        with self._changed:
            self._lines.clear()
            self._partial = ""
            self._functions = functions
            self._handler = RequestReplyHandler(functions)
            self._changed.notify_all()

    def observe(self, observer: Callable[[], object]) -> None:
        """Call ``observer``, from any thread, whenever there is something new.

        It replaces the previous observer, which is called one last time.
        """
        former, self.observer = self.observer, observer
        former()

    def close(self) -> None:
        """Give the place back to the greeter, which answers the waiting calls."""
        with self._changed:
            if self.closed:
                return
            self.closed = True
            self._changed.notify_all()
        self._server.shutdown()
        self._server.close()
        self._thread.join()
        unroute()
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
            The answer, or None for a failure that is reported at once.
        """
        while True:
            code = self._code()
            # The same code on the same call prints the same once more: shown only if it works.
            kept: list[str] = []
            again = bool(self._failed) and self._failed.get(_address(body), (0, None))[1] == code
            call = self._call(body, code, kept.append if again else self._write)
            if not self._wait_for(call, code, drip):
                if self.closed:
                    return None
                continue
            if call.error is None:
                self._write("".join(kept))
                self._count_success(body)
                return call.answer
            prompt = self._count_failure(body, call.error, code)
            if prompt or self.closed:
                return None
            self._wait_for_change(code, drip)
            if self.closed:
                return None

    def _call(self, body: bytes, code: object, sink: Callable[[str], object]) -> Call:
        handler = self._handler
        if callable(handler):
            with self._changed:
                if self._turn[0] != code:
                    self._turn = code, threading.Lock()
                turn = self._turn[1]
            return Call(lambda: handler(body), turn, sink)
        # That of 3.x, whose functions may wait for others: they take turns by themselves.
        return Call(
            lambda: awaiting.result_of(handler.handle_async(body)),
            threading.Lock(),
            sink,
            awaiting.thread,
        )

    def _wait_for(self, call: Call, code: object, drip: Callable[[], object]) -> bool:
        """Wait until a call has ended, or abandon it if there is newer code to call."""
        dripped = time.monotonic()
        while not call.wait(LOOK_SECONDS):
            if self.closed or self._code() != code:
                call.give_up()
                if not callable(self._handler):
                    awaiting.free()
                if self._long is call:
                    self._long = None
                return False
            if call.seconds > LONG_SECONDS:
                self._long = call
                self.observer()
            if time.monotonic() > dripped + DRIP_SECONDS:
                drip()
                dripped = time.monotonic()
        return True

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
        """What changes when a function is defined again, also within the same StatefulFunctions."""
        return self._handler, [id(target) for target in bound(self._functions).values()]

    def _count_failure(self, body: bytes, error: BaseException, code: object) -> bool:
        with self._changed:
            self.failures += 1
            address = _address(body)
            times = self._failed.get(address, (0, None))[0] + 1
            self._failed[address] = times, code
            shown = traceback_of(error)
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


def _address(body: bytes) -> bytes:
    """The address that a request calls; the whole body if it is no request."""
    call = ToFunction()
    try:
        call.ParseFromString(body)
    except Exception:  # Each of protobuf's implementations raises its own.
        return body
    address: bytes = call.invocation.target.SerializeToString()
    return address
