"""`serve` in a browser tab, which has no sockets: who asks calls the application.

``requests`` and ``urllib`` ask as ever, and are led to the application that has the port.
"""

from __future__ import annotations

import contextlib
import io
import itertools
import sys
import traceback
import urllib.error
import urllib.request
import urllib.response
from collections.abc import Iterator
from email.message import Message
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import requests
import werkzeug.serving
from werkzeug.test import EnvironBuilder, run_wsgi_app
from werkzeug.wrappers import Response

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

__all__ = ["Server", "led_inside", "running", "serve"]

HOST = "127.0.0.1"

_servers: dict[str, Server] = {}
_ports = itertools.count(40_000)


class Server:
    """An application that is being served; see :class:`workshop.serving.Server`."""

    def __init__(self, app: WSGIApplication, name: str, port: int) -> None:
        self.app = app
        self.name = name
        self.port = port
        self.url = f"http://{HOST}:{port}"

    @property
    def open(self) -> bool:
        """Whether it takes requests."""
        return _servers.get(self.name) is self

    def close(self) -> None:
        """Take no more requests. Closing twice does nothing."""
        if self.open:
            del _servers[self.name]

    def __enter__(self) -> Server:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"{self.name}: {self.url if self.open else 'closed'}"


def serve(app: WSGIApplication, port: int = 0, name: str = "functions") -> Server:
    """Serve a WSGI application; see :func:`workshop.serving.serve`."""
    former = _servers.get(name)
    port = port or (former.port if former else next(_ports))
    for mine in [*_servers.values()]:
        if mine is former or mine.port == port:
            mine.close()
    _servers[name] = server = Server(app, name, port)
    return server


@contextlib.contextmanager
def running(program: str) -> Iterator[str]:
    """Run a program that serves an application; see :func:`workshop.serving.running`."""
    print("A browser tab has no second process: the program runs in this kernel.")
    exec(program, {"__name__": "__main__"})
    server = _servers["program"]
    with server:
        yield f" * Running on {server.url}"


def _run_simple(hostname: str, port: int, application: WSGIApplication, **_: object) -> None:
    """Take the place of werkzeug's function behind ``app.run()``: serve, and come back."""
    server = serve(application, port, name="program")
    print(f" * Running on {server.url}", file=sys.stderr)


def _answer(method: str, url: str, body: bytes | None, headers: Any) -> Response:
    parts = urlsplit(url)
    found = [server for server in _servers.values() if server.port == parts.port]
    if parts.hostname not in (HOST, "localhost") or not found:
        raise ConnectionRefusedError(111, "Connection refused")
    asked = EnvironBuilder(
        parts.path or "/",
        base_url=f"http://{parts.netloc}",
        method=method,
        data=body or b"",
        headers=dict(headers),
        query_string=parts.query,
    )
    said, status, answered = run_wsgi_app(_shows_errors(found[0].app), asked.get_environ())
    return Response(said, status, answered)


def _shows_errors(app: WSGIApplication) -> WSGIApplication:
    def call(environ: Any, start_response: Any) -> Any:
        try:
            return app(environ, start_response)
        except Exception:
            traceback.print_exc()
            start_response("500 Internal Server Error", [("Content-Type", "text/plain")])
            return [b"The application raised an error.\n"]

    return call


def _send(self: Any, request: requests.PreparedRequest, **_: object) -> requests.Response:
    """Answer a request of ``requests``: takes the place of its adapter's ``send``."""
    body = request.body.encode() if isinstance(request.body, str) else request.body
    try:
        answer = _answer(request.method or "GET", request.url or "", body, request.headers)
    except OSError as error:
        raise requests.ConnectionError(error, request=request) from error
    made = requests.Response()
    made.status_code, made.reason = answer.status_code, answer.status.partition(" ")[2]
    made.url, made.request = request.url or "", request
    made.headers.update(answer.headers)
    made.encoding = requests.utils.get_encoding_from_headers(made.headers)
    made.raw = io.BytesIO(answer.get_data())
    return made


class _Opener(urllib.request.HTTPHandler):
    """Answers a request of ``urllib``."""

    def http_open(self, req: urllib.request.Request) -> Any:
        try:
            body: Any = req.data
            answer = _answer(req.get_method(), req.full_url, body, req.header_items())
        except OSError as error:
            raise urllib.error.URLError(error) from error
        headers = Message()
        for key, value in answer.headers:
            headers[key] = value
        content = io.BytesIO(answer.get_data())
        made = urllib.response.addinfourl(content, headers, req.full_url, answer.status_code)
        made.msg = answer.status.partition(" ")[2]  # type: ignore[attr-defined]
        return made


@contextlib.contextmanager
def led_inside() -> Iterator[None]:
    """Lead ``requests``, ``urllib`` and ``app.run()`` to what is served here."""
    adapter: Any = requests.adapters.HTTPAdapter
    before = adapter.send, werkzeug.serving.run_simple
    adapter.send, werkzeug.serving.run_simple = _send, _run_simple  # type: ignore[assignment]
    urllib.request.install_opener(urllib.request.build_opener(_Opener))
    try:
        yield
    finally:
        adapter.send, werkzeug.serving.run_simple = before
        urllib.request.install_opener(urllib.request.build_opener())
