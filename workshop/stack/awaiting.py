"""One event loop for hosted functions that are coroutines: it runs in a thread of its own."""

from __future__ import annotations

import asyncio
import functools
import threading
from collections.abc import Coroutine
from typing import Any


def result_of(coroutine: Coroutine[Any, Any, bytes]) -> bytes:
    """Run a coroutine among those of other threads, in the caller's context; return its result."""
    tried = asyncio.run_coroutine_threadsafe(_tried(coroutine), _loop()).result()
    if isinstance(tried, BaseException):
        raise tried
    return tried


async def _tried(coroutine: Coroutine[Any, Any, bytes]) -> bytes | BaseException:
    try:
        return await coroutine
    except BaseException as error:  # A learner's sys.exit() would end the loop, for all calls.
        return error


@functools.cache
def _loop() -> asyncio.AbstractEventLoop:
    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, name="hosted coroutines", daemon=True).start()
    return loop
