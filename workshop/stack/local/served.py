"""Whether what serves the functions has each that the module definition names."""

from __future__ import annotations

import contextlib
from importlib import import_module
from pathlib import Path

import requests

from workshop.stack.module import endpoints


def not_served(module: Path) -> str:
    """Say which function is answered with a 404; nothing if none is.

    Parameters
    ----------
    module
        The module definition as the engine has it, with addresses that are there.
    """
    for called, url in endpoints(module).items():
        with contextlib.suppress(requests.RequestException):
            answer = requests.post(url, data=_empty_call(called), timeout=5)
            if answer.status_code == 404:
                return f"what serves the functions has no {called}: {answer.text.strip()[:200]}"
    return ""


def _empty_call(function_type: str) -> bytes:
    """A request that calls a function with an empty batch; 2.2 and 3.x write it alike."""
    messages = import_module("statefun.request_reply_pb2")  # Late: only some engines need it.
    namespace, _, name = function_type.rpartition("/")
    call = messages.ToFunction()
    call.invocation.target.CopyFrom(messages.Address(namespace=namespace, type=name, id="nobody"))
    called: bytes = call.SerializeToString()
    return called
