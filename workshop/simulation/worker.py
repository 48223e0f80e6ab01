"""What executes a batch: the SDK's handler in this process, or a server over HTTP."""

from __future__ import annotations

import asyncio
import inspect
import threading
import urllib.error
import urllib.request
import weakref
from collections.abc import Awaitable, Callable, Coroutine
from typing import Protocol

from google.protobuf.any_pb2 import Any as AnyMessage
from google.protobuf.message import Message
from statefun import AsyncRequestReplyHandler, RequestReplyHandler, StatefulFunctions
from statefun.core import StatefulFunction

from workshop.simulation.errors import HandlerMismatch
from workshop.simulation.given import checked_handler

__all__ = ["HttpWorker", "KernelWorker", "Worker", "WorkerFailed"]

_OCTETS = "application/octet-stream"
# RetryingCallback of the engine 2.2.2: these and every status from 500 on are tried again.
_RETRIED = {408, 409, 420, 429, 499}


class WorkerFailed(Exception):
    """A batch got no answer; ``retriable`` says whether the engine tries it again."""

    def __init__(
        self, cause: BaseException, retriable: bool = True, index: int | None = None
    ) -> None:
        super().__init__(f"{type(cause).__name__}: {cause}")
        self.cause = cause
        self.retriable = retriable
        self.index = index  # of the message that failed, where it is known


class Worker(Protocol):
    """Executes batches."""

    @property
    def begun(self) -> int | None:
        """How many messages of the last batch reached the function; None if unknown."""

    def call(self, request: bytes) -> bytes:
        """Answer a ``ToFunction`` with a ``FromFunction``, or raise `WorkerFailed`."""


class _Watched(StatefulFunction):  # type: ignore[misc]  # the SDK has no types
    """A bound function that reports which message of the batch it is at, and its own kind."""

    def __init__(self, inner: StatefulFunction, worker: KernelWorker) -> None:
        super().__init__(_checked(inner.func, worker.is_async), inner.known_messages)
        self.worker = worker
        self.unpack = super().unpack_any

    def unpack_any(self, any: AnyMessage) -> Message | None:
        self.worker.begun += 1
        message: Message | None = self.unpack(any)
        return message


def _is_coroutine_function(function: Callable[..., object]) -> bool:
    return inspect.iscoroutinefunction(inspect.unwrap(function))


def _checked(function: Callable[..., object], is_async: bool) -> Callable[..., object]:
    name = getattr(function, "__name__", repr(function))
    # The SDK looks at the second argument only, and for a type: by any other it is given an Any.
    kind = [*inspect.signature(function).parameters.values()][1].annotation
    if isinstance(kind, str):
        raise HandlerMismatch(
            f"{name} names the type of its message by the text {kind!r}, which the SDK does not "
            "read: the function would be given an Any.",
            hint="Take away the quotes, or the line `from __future__ import annotations`.",
        )
    if is_async:

        def call_async(context: object, message: object) -> Awaitable[object]:
            result = function(context, message)
            if not inspect.isawaitable(result):
                raise HandlerMismatch(
                    f"{name} is no async def, but AsyncRequestReplyHandler awaits what it returns.",
                    hint="Use RequestReplyHandler, or write the function as async def.",
                )
            return result

        return call_async

    def call(context: object, message: object) -> None:
        result = function(context, message)
        if result is not None and inspect.isawaitable(result):
            if inspect.iscoroutine(result):
                result.close()
            raise HandlerMismatch(
                f"{name} is async, but RequestReplyHandler never awaits it: nothing would happen.",
                hint="Use AsyncRequestReplyHandler, or write the function without async.",
            )

    return call


class KernelWorker:
    """Runs the SDK's own handler in this process.

    Parameters
    ----------
    functions
        The functions as the SDK has them bound; one that is bound again later takes effect.
    handler
        One of the SDK's two handlers, or its class; by default the one that fits the functions.

    Raises
    ------
    HandlerMismatch
        Not all functions are of the handler's kind.
    """

    def __init__(self, functions: StatefulFunctions, handler: object = None) -> None:
        self.begun = 0
        self._functions = functions
        self._watched: dict[StatefulFunction, _Watched] = {}
        kinds = {
            f"{namespace}/{name}": _is_coroutine_function(bound.func)
            for (namespace, name), bound in functions.functions.items()
        }
        if handler is None:
            handler = AsyncRequestReplyHandler if any(kinds.values()) else RequestReplyHandler
        cls = checked_handler(handler)
        self.is_async = issubclass(cls, AsyncRequestReplyHandler)
        wrong = sorted(name for name, is_async in kinds.items() if is_async != self.is_async)
        if wrong:
            kind = "async def" if self.is_async else "plain def"
            raise HandlerMismatch(
                f"{cls.__name__} serves functions written as {kind}; {wrong[0]} is not.",
                hint="One handler serves all functions of an endpoint: write them all one way.",
            )
        self._handler = cls(self)
        self._loop = _Loop() if self.is_async else None

    def for_type(self, namespace: str, type: str) -> _Watched:
        """Find a function for the handler, which sees this object in place of the functions."""
        inner = self._functions.for_type(namespace, type)
        watched = self._watched.get(inner)
        if watched is None:
            watched = self._watched[inner] = _Watched(inner, self)
        return watched

    def call(self, request: bytes) -> bytes:
        """Execute a batch; an exception is what a 500 is over HTTP."""
        self.begun = 0
        try:
            answer = self._handler(request)
            return bytes(self._loop.run(answer) if self._loop else answer)
        except HandlerMismatch:
            raise
        except Exception as error:
            # An unbound type fails before the first message.
            raise WorkerFailed(error, index=self.begun - 1 if self.begun else None) from error


class _Loop:
    """An event loop in a thread of its own: a notebook's kernel already runs one in the main."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        thread = threading.Thread(target=self._loop.run_forever, name="simulation", daemon=True)
        try:
            thread.start()
        except RuntimeError:  # A browser tab has no threads, but it can wait within its own loop.
            self.run = _run_in_browser  # type: ignore[method-assign]
            return
        weakref.finalize(self, _stop, self._loop, thread)

    def run(self, answer: Coroutine[object, object, bytes]) -> bytes:
        return asyncio.run_coroutine_threadsafe(answer, self._loop).result()


def _run_in_browser(answer: Coroutine[object, object, bytes]) -> bytes:
    from pyodide.ffi import can_run_sync, run_sync  # type: ignore[import-not-found]

    if can_run_sync():
        return bytes(run_sync(answer))
    try:
        answer.send(None)
    except StopIteration as done:  # It had nothing to wait for.
        return bytes(done.value)
    answer.close()
    raise HandlerMismatch(
        "This browser cannot wait within a function, and yours awaits something.",
        hint="Use today's Chrome, Edge or Firefox, or install the series: make lab.",
    )


def _stop(loop: asyncio.AbstractEventLoop, thread: threading.Thread) -> None:
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()


class HttpWorker:
    """Sends each batch to a running server, as the engine does.

    Parameters
    ----------
    url
        The endpoint, such as ``http://localhost:8000/statefun``.
    timeout
        Seconds after which an attempt is given up.
    """

    begun: int | None = None

    def __init__(self, url: str, timeout: float = 10.0) -> None:
        self.url = url
        self.timeout = timeout

    def call(self, request: bytes) -> bytes:
        """Post a batch. The engine takes only a body of type application/octet-stream."""
        post = urllib.request.Request(self.url, request, {"Content-Type": _OCTETS})
        try:
            with urllib.request.urlopen(post, timeout=self.timeout) as response:
                body, kind = response.read(), response.headers.get("Content-Type")
        except urllib.error.HTTPError as error:
            with error:
                said = error.read(500).decode(errors="replace")
            cause = RuntimeError(f"the endpoint answered {error.code}: {said}")
            retriable = error.code in _RETRIED or error.code >= 500
            raise WorkerFailed(cause, retriable) from error
        except OSError as error:
            raise WorkerFailed(error) from error
        if kind != _OCTETS:
            cause = RuntimeError(f"the answer's content type is {kind}, not {_OCTETS}")
            raise WorkerFailed(cause, retriable=False)
        return bytes(body)
