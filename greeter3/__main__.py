"""Serve the greeter of 3.x, where its SDK is installed: ``python -m greeter3 --port 8000``."""

from functools import partial

import click
from granian import Granian
from granian.constants import Interfaces

from greeter.key import load
from greeter.terminal import show_everything
from greeter3.web import Locked

# Also in the worker, which imports this module again: a function may print what it likes.
show_everything()


@click.command()
@click.option("--host", default="0.0.0.0", show_default=True, help="Address to listen on.")
@click.option("--port", default=8000, show_default=True, help="Port to listen on.")
@click.option(
    "--application",
    default="greeter3.greeter:app",
    show_default=True,
    help="The ASGI application to serve, as module:name.",
)
@click.option("--folder", default="", help="Where APPLICATION lies, if not in this project.")
def serve(host: str, port: int, application: str, folder: str) -> None:
    """Serve the stateful functions of APPLICATION to an engine of 3.x."""
    Granian(application, address=host, port=port, interface=Interfaces.ASGI).serve(
        target_loader=partial(load, folder=folder, locked=Locked)
    )


if __name__ == "__main__":
    serve()
