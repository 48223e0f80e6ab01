"""Watch an application's files: one that is saved restarts its functions, and no name is lost.

The engine notices nothing but a call that failed, which it makes again.
"""

from __future__ import annotations

import contextlib
import queue
import threading
import time
from collections.abc import Callable
from pathlib import Path

from watchfiles import Change, PythonFilter
from watchfiles import watch as changes_of

from workshop.errors import WorkshopError
from workshop.own.application import Application
from workshop.stack import Stack, StackError
from workshop.stack.status import Part

RESTART_SECONDS = 30.0
BEGIN_SECONDS = 30.0
ENOUGH_RESTARTS = 3
"""Of which the first is wanted: then the functions have failed to start twice."""
LOG_LINES = 15
QUIET_MS = 500
"""How often it looks up from the files: whether it is to end."""


def watch(
    application: Application,
    stack: Stack,
    tell: Callable[[str], object],
    stop: threading.Event | None = None,
    began: threading.Event | None = None,
) -> None:
    """Restart the functions at each change of a file that they may be made of, until Ctrl-C.

    Parameters
    ----------
    stack
        Runs the application, and is up.
    tell
        Gets a line about each change.
    stop
        Ends it, too.
    began
        Is set once a change would be seen.
    """
    folder = application.folder
    files = PythonFilter(extra_extensions=[application.module.suffix])
    for changes in changes_of(
        folder,
        watch_filter=files,
        debounce=400,
        rust_timeout=QUIET_MS,
        yield_on_timeout=True,
        stop_event=stop,
        raise_interrupt=False,
    ):
        if began is not None:
            began.set()
        changed = sorted({Path(path) for change, path in changes if change != Change.deleted})
        names = ", ".join(f"{path.relative_to(folder)}" for path in changed)
        if application.module in changed:
            tell(f"{names} changed: the engine reads it when a stack starts, so: down, then up.")
        sources = [path for path in changed if path.suffix == ".py"]
        if wrong := next(filter(None, map(_syntax_error, sources)), ""):
            tell(f"{wrong}. What was there before goes on serving.")
        elif sources:
            tell(f"{names} changed: {_restart(stack)}")


class Watching:
    """The same in a thread of its own, for a notebook: a context.

    Parameters
    ----------
    application, stack
        See :func:`watch`.

    Examples
    --------
    >>> with Watching(shop, stack) as watching:
    ...     functions.write_text(better)
    ...     print(watching.next())
    shop/functions.py changed: the functions restarted in 1.2 s.
    """

    def __init__(self, application: Application, stack: Stack) -> None:
        self._told: queue.Queue[str] = queue.Queue()
        self._stop, began = threading.Event(), threading.Event()
        given = (application, stack, self._told.put, self._stop, began)
        self._thread = threading.Thread(
            target=watch, args=given, name="workshop-watch", daemon=True
        )
        self._thread.start()
        # What is saved after this line is seen.
        if not began.wait(BEGIN_SECONDS):
            raise WorkshopError(f"{application.folder} cannot be watched.")

    def next(self, timeout: float = 90) -> str:
        """Wait for the next line about a change, and return it.

        Raises
        ------
        TimeoutError
            When none comes within ``timeout`` seconds.
        """
        try:
            return self._told.get(timeout=timeout)
        except queue.Empty:
            raise TimeoutError(f"No change was seen within {timeout:g} s") from None

    def close(self) -> None:
        """Stop watching; the functions continue."""
        self._stop.set()
        self._thread.join()

    def __enter__(self) -> Watching:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _syntax_error(file: Path) -> str:
    try:
        compile(file.read_bytes(), file.name, "exec")
    except (SyntaxError, ValueError) as error:
        return f"{file.name}: {error}"
    except OSError:  # Gone again: an editor writes a copy first.
        pass
    return ""


def _restart(stack: Stack) -> str:
    """Restart the functions; say how that went."""
    began = time.monotonic()
    status = stack.status()
    if status.state == "down":
        return f"stack {stack.name} is down."
    part = status.part("greeter")
    before, restarts = part.pid, part.restarts
    # With what was there before it may not even have started: then it is tried again by itself.
    with contextlib.suppress(StackError):
        before = stack.kill("greeter").pid
    while time.monotonic() < began + RESTART_SECONDS:
        part = next((one for one in stack.status().parts if one.name == "greeter"), part)
        if _new(part, before):
            return f"the functions restarted in {time.monotonic() - began:.1f} s."
        if part.restarts - restarts >= ENOUGH_RESTARTS:
            break
        time.sleep(0.1)
    return f"the functions do not start.\n{stack.logs('greeter', LOG_LINES)}"


def _new(part: Part, before: int | None) -> bool:
    return part.state == "ready" and part.pid != before
