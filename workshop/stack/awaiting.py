"""One event loop for hosted functions that are coroutines: it runs in a thread of its own."""

from __future__ import annotations

import asyncio
import functools
import threading
from collections.abc import Coroutine
from typing import Any

from workshop.stack.hosted_call import interrupt

PATIENCE_SECONDS = 0.5
"""How long the loop may take to answer: a coroutine that waits gives it back at once."""


def result_of(coroutine: Coroutine[Any, Any, bytes]) -> bytes:
    """Run a coroutine among those of other threads, in the caller's context; return its result."""
    tried = asyncio.run_coroutine_threadsafe(_tried(coroutine), _loop()[0]).result()
    if isinstance(tried, BaseException):
        raise tried
    return tried


def thread() -> threading.Thread:
    """The thread of the loop."""
    return _loop()[1]


def free() -> None:
    """Take the loop from a coroutine that does not give it back; if that fails, use another."""
    loop, its_thread = _loop()
    answered = threading.Event()
    loop.call_soon_threadsafe(answered.set)
    if not answered.wait(PATIENCE_SECONDS):
        interrupt(its_thread)
        if not answered.wait(PATIENCE_SECONDS):
            _loop.cache_clear()


async def _tried(coroutine: Coroutine[Any, Any, bytes]) -> bytes | BaseException:
    try:
        return await coroutine
    except BaseException as error:  # A learner's sys.exit() would end the loop, for all calls.
        return error


@functools.cache
def _loop() -> tuple[asyncio.AbstractEventLoop, threading.Thread]:
    loop = asyncio.new_event_loop()
    its_thread = threading.Thread(target=loop.run_forever, name="hosted coroutines", daemon=True)
    its_thread.start()
    return loop, its_thread
