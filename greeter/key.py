"""A key to the endpoint, for a machine with several users: callers without it are refused.

The engine knows it, since it is part of the address that its ``module.yaml`` gives for the
function, ``http://HOST:PORT/statefun?key=KEY``. Without the environment variable ``GREETER_KEY``
there is no key, and anyone who reaches the endpoint is served.
"""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Callable, Iterable
from hmac import compare_digest
from pathlib import Path
from typing import Any

VARIABLE = "GREETER_KEY"
OPEN = "/health"


class Locked:
    """A WSGI application behind a key.

    Parameters
    ----------
    application
        Answers callers who know the key, and anyone who asks for ``/health``.
    key
        The key.
    """

    def __init__(self, application: Any, key: str) -> None:
        self.application = application
        self.ending = key_ending(key)

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """Let a request through, or answer 403."""
        known = is_known(environ.get("QUERY_STRING", ""), self.ending)
        if environ.get("PATH_INFO") != OPEN and not known:
            body = b"This endpoint serves its own engine only.\n"
            head = [("Content-Type", "text/plain"), ("Content-Length", f"{len(body)}")]
            start_response("403 Forbidden", head)
            return [body]
        answer: Iterable[bytes] = self.application(environ, start_response)
        return answer


def key_ending(key: str) -> str:
    """What the address of an endpoint with this key ends in, behind ``?`` or ``&``."""
    return f"key={key}"


def is_known(query: str, ending: str) -> bool:
    """Whether the query of a call, as it came over HTTP, ends in a key's :func:`key_ending`."""
    return compare_digest(query.rpartition("&")[2].encode("latin-1"), ending.encode())


def load(target: str, folder: str = "", locked: Callable[[Any, str], Any] = Locked) -> Any:
    """Import the web application ``module:name``, behind the key if there is one.

    Parameters
    ----------
    folder
        Where its modules are, if not in this project. If one has the same name as one of ours, as
        the walkthrough's own ``greeter.py`` does, it is the application, and replaces nothing else.
    locked
        What puts the key before it, given both.
    """
    module, _, name = target.partition(":")
    if folder:
        place = Path(folder, *module.split("."))
        if place.with_name(f"{place.name}.py").exists() or (place / "__init__.py").exists():
            sys.path.insert(0, folder)
            package = module.partition(".")[0]
            for one in [one for one in sys.modules if one.partition(".")[0] == package]:
                del sys.modules[one]
        else:
            sys.path.append(folder)
    application = getattr(importlib.import_module(module), name)
    key = os.environ.get(VARIABLE, "")
    return locked(application, key) if key else application
