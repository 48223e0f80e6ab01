"""The endpoint on 3.x: a bare ASGI application, so that functions may wait for one another.

A request has one batch for one address. While a function awaits something, the others go on.
"""

import traceback
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from statefun import RequestReplyHandler
from statefun.request_reply_pb2 import ToFunction

from greeter.key import OPEN, is_known, key_ending
from greeter.limits import LARGEST_BODY

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Any]]
Send = Callable[[Any], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]


class Endpoint:
    """Serves functions to the engine at ``/statefun``, and tells at ``/health`` that it does.

    With the transport of ``module.yaml`` the engine sends a batch again after any answer but a 200,
    until its time-out. So the status is for people: it says who is to blame.

    Parameters
    ----------
    handler
        Of the functions.
    """

    def __init__(self, handler: RequestReplyHandler) -> None:
        self.handler = handler

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":  # There is nothing to do at the start and the end.
            return
        if scope["path"] == OPEN:
            await respond(send, 200, b"ok\n")
        elif scope["path"] != "/statefun":
            await respond(send, 404, b"There is nothing here but /statefun and /health.\n")
        elif scope["method"] != "POST":
            await respond(send, 405, b"Only POST is answered here.\n")
        elif (body := await _body(receive)) is None:
            told = f"The body is too large: {LARGEST_BODY} bytes are allowed\n"
            await respond(send, 413, told.encode())
        else:
            await self._handle(body, send)

    async def _handle(self, body: bytes, send: Send) -> None:
        try:
            answer = await self.handler.handle_async(body)
        except Exception:
            status, told = self._explain(body)
            if status == 500:
                traceback.print_exc()  # A bug in the function.
            await respond(send, status, f"{told}\n".encode())
        else:
            await respond(send, 200, answer, b"application/octet-stream")

    def _explain(self, body: bytes) -> tuple[int, str]:
        """Say why ``body`` could not be served."""
        call = ToFunction()
        try:
            call.ParseFromString(body)
        except Exception as error:  # Each of protobuf's implementations raises its own.
            told = " ".join(f"{error}".split())
            return 400, f"The body is not a StateFun request message: {told}"
        if not call.HasField("invocation"):
            return 400, "The body is not a StateFun request message: it holds no invocation"
        target = call.invocation.target
        try:
            self.handler.functions.for_typename(f"{target.namespace}/{target.type}")
        except KeyError:
            return 404, f"No function is bound to {target.namespace}/{target.type}"
        return 500, "The function failed."


class Locked:
    """An ASGI application behind a key; see ``greeter/key.py``.

    Parameters
    ----------
    application
        What answers those who know the key, and whoever asks for ``/health``.
    key
        The key.
    """

    def __init__(self, application: Application, key: str) -> None:
        self.application = application
        self.ending = key_ending(key)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through, or answer 403."""
        if (
            scope["type"] != "http"
            or scope["path"] == OPEN
            or is_known(scope["query_string"].decode("latin-1"), self.ending)
        ):
            await self.application(scope, receive, send)
        else:
            await respond(send, 403, b"This endpoint serves its own engine only.\n")


async def _body(receive: Receive) -> bytes | None:
    """The body of a request; None if it is too large."""
    parts, size, more = [], 0, True
    while more:
        event = await receive()
        parts.append(event.get("body", b""))
        size += len(parts[-1])
        more = event.get("more_body", False)
        if size > LARGEST_BODY:
            return None
    return b"".join(parts)


async def respond(send: Send, status: int, body: bytes, kind: bytes = b"text/plain") -> None:
    """Send an answer."""
    headers = [(b"content-type", kind), (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
