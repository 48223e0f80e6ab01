"""Serve a web application from a thread of this process, so that a notebook can be its own server.

    server = serve(app)
    requests.post(f"{server.url}/statefun", data=body)
    server.close()

What the application prints appears under the cell that is running, and so does the traceback of an
error in it, without the frames of the packages in between. Serving again under the same name takes
the place of the former server, on its port.
"""

from __future__ import annotations

import contextlib
import logging
import socket
import subprocess
import sys
import sysconfig
import threading
import time
import traceback
from typing import TYPE_CHECKING, Any

from flask.logging import default_handler
from werkzeug.serving import ThreadedWSGIServer, WSGIRequestHandler

from workshop.errors import WorkshopError
from workshop.machine import IN_BROWSER

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

__all__ = ["Server", "running", "serve"]

HOST = "127.0.0.1"
CLOSE_SECONDS = 5.0
"""How long `Server.close` waits for requests that are being answered."""

_servers: dict[str, Server] = {}
_lock = threading.RLock()


class Server:
    """An application that is being served; `serve` makes one.

    Attributes
    ----------
    name
        Serving again under this name closes this server.
    port
        On 127.0.0.1.
    url
        Without a slash at its end: ``http://127.0.0.1:PORT``.
    """

    def __init__(self, app: WSGIApplication, name: str, listening: socket.socket) -> None:
        self.name = name
        self._http = _Http(app, listening)
        self.port = self._http.port
        self.url = f"http://{HOST}:{self.port}"
        self._thread = threading.Thread(
            target=self._http.serve_forever,
            kwargs={"poll_interval": 0.05},
            name=f"serving {name}",
            daemon=True,
        )
        self._thread.start()

    @property
    def open(self) -> bool:
        """Whether it takes requests."""
        return self._thread.is_alive()

    def close(self) -> None:
        """Stop: take no more requests, answer those that are being answered, end the threads.

        A request that is not answered within `CLOSE_SECONDS` is abandoned; it ends with the process
        at the latest. Closing twice does nothing.
        """
        with _lock:
            if _servers.get(self.name) is self:
                del _servers[self.name]
        if self.open:
            self._http.shutdown()
            self._thread.join()
        self._http.end_requests(CLOSE_SECONDS)

    def __enter__(self) -> Server:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"{self.name}: {self.url if self.open else 'closed'}"


def serve(app: WSGIApplication, port: int = 0, name: str = "functions") -> Server:
    """Serve a WSGI application such as a Flask app on 127.0.0.1, in a thread of this process.

    Parameters
    ----------
    app
        The application.
    port
        The port; 0 means that of the previous server with this name, or else any free one.
    name
        Tells servers apart. A previous server with this name, or on this port, is closed first.

    Raises
    ------
    WorkshopError
        Another program is using the port.
    """
    default_handler.setFormatter(_Briefly("%(message)s"))
    with _lock:
        former = _servers.get(name)
        for mine in [*_servers.values()]:
            if mine is former or mine.port == port:
                mine.close()
        listening = None
        if not port and former is not None:
            # Its address may be written down somewhere; another program may have been faster.
            with contextlib.suppress(OSError):
                listening = socket.create_server((HOST, former.port))
        try:
            listening = listening or socket.create_server((HOST, port))
        except OSError as error:
            raise WorkshopError(
                f"Nothing can be served on port {port} of {HOST}: {error.strerror}.",
                hint="leave out the port, and a free one is chosen.",
            ) from error
        with listening:
            server = _servers[name] = Server(app, name, listening)
        return server


class _Briefly(logging.Formatter):
    """Writes a traceback with the frames of the application, and the one that raised."""

    def formatException(self, ei: Any) -> str:
        """Leave out the installed packages in between."""
        told = traceback.TracebackException(*ei)
        between = (sysconfig.get_path("purelib"), __file__)
        *frames, last = told.stack
        frames = [one for one in frames if not one.filename.startswith(between)]
        told.stack = traceback.StackSummary.from_list([*frames, last])
        return "".join(told.format()).rstrip()


@contextlib.contextmanager
def running(program: str) -> Iterator[str]:
    """Run the text of a program as a second process, and end it at the end of the block.

    Returns
    -------
    str
        The line with which it says where it serves; the address is its last word.
    """
    command = [sys.executable, "-c", program]
    with subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, encoding="utf-8"
    ) as process:
        assert process.stderr is not None
        try:
            said = []
            for line in process.stderr:
                said.append(line)
                if "Running on" in line:
                    yield line.strip()
                    return
            raise WorkshopError(
                f"The program ended, and served nothing. It said:\n{''.join(said)}",
                hint="let it call app.run() as it does in the lesson.",
            )
        finally:
            process.terminate()


def _shows_errors(app: WSGIApplication) -> WSGIApplication:
    """Print a traceback before the client gets its 500: the cell that asked is still running."""

    def call(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        try:
            return app(environ, start_response)
        except Exception:
            print(_Briefly().formatException(sys.exc_info()), file=sys.stderr)
            start_response(
                "500 Internal Server Error", [("Content-Type", "text/plain")], sys.exc_info()
            )
            return [b"The application raised an error.\n"]

    return call


class _Http(ThreadedWSGIServer):
    """The server of werkzeug, with threads that can be waited for."""

    def __init__(self, app: WSGIApplication, listening: socket.socket) -> None:
        host, port = listening.getsockname()
        self._requests: dict[threading.Thread, socket.socket] = {}
        super().__init__(host, port, _shows_errors(app), _Request, fd=listening.fileno())

    def process_request(self, request: Any, client_address: Any) -> None:
        thread = threading.Thread(
            target=self._answer, args=(request, client_address), name="request", daemon=True
        )
        self._requests[thread] = request
        thread.start()

    def _answer(self, request: Any, client_address: Any) -> None:
        try:
            self.process_request_thread(request, client_address)
        finally:
            self._requests.pop(threading.current_thread(), None)

    def end_requests(self, seconds: float) -> None:
        """Let requests that are being answered finish, and hang up on idle connections."""
        deadline = time.monotonic() + seconds
        for thread, request in list(self._requests.items()):
            with contextlib.suppress(OSError):
                request.shutdown(socket.SHUT_RD)
            thread.join(max(0.0, deadline - time.monotonic()))

    def log(self, type: str, message: str, *args: Any) -> None:
        # The logger of werkzeug keeps the stream that was stderr when it first spoke.
        print(message % args if args else message, file=sys.stderr)


class _Request(WSGIRequestHandler):
    # One request a connection: nobody keeps a thread waiting for the next.
    protocol_version = "HTTP/1.0"

    def log_request(self, *_: object) -> None:
        """Say nothing: a line for every request would bury what the application prints."""


if IN_BROWSER:  # It has neither sockets nor threads.
    from workshop.serving_inside import (  # type: ignore[assignment]
        Server,
        led_inside,
        running,
        serve,
    )

    _led = led_inside()  # Until the kernel ends; what nobody holds would end at once.
    _led.__enter__()
