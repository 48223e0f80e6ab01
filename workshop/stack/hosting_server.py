"""The HTTP server of a hosting: it lets a call wait as long as its answer is held back."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Protocol

from greeter.key import is_known

LARGEST_BODY = 64 * 1024 * 1024


class Hosted(Protocol):
    """What is served."""

    ending: str
    """What the query of a call must be; every call is answered unless it is given."""

    def answer(self, body: bytes, drip: Callable[[], object]) -> bytes | None:
        """See :meth:`workshop.stack.hosting.Hosting.answer`."""


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, port: int, hosting: Hosted) -> None:
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
    server: Server

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
