"""Serve the greeter: ``python -m greeter --port 8000``."""

from functools import partial

import click
from granian import Granian
from granian.constants import Interfaces

from greeter.key import load
from greeter.terminal import show_everything

# Also in the worker, which imports this module again: a function may print what it likes.
show_everything()


@click.command()
@click.option("--host", default="0.0.0.0", show_default=True, help="Address to listen on.")
@click.option("--port", default=8000, show_default=True, help="Port to listen on.")
@click.option(
    "--application",
    default="greeter.greeter:app",
    show_default=True,
    help="The WSGI application to serve, as module:name.",
)
@click.option("--folder", default="", help="Where APPLICATION is, if not in this project.")
@click.option(
    "--threads",
    default=1,
    show_default=True,
    help=(
        "How many requests are served at once. A function that only computes is served fastest "
        "by one thread; one that waits for something else needs more."
    ),
)
def serve(host: str, port: int, application: str, folder: str, threads: int) -> None:
    """Serve the stateful functions of APPLICATION to the engine."""
    Granian(
        application,
        address=host,
        port=port,
        interface=Interfaces.WSGI,
        blocking_threads=threads,
    ).serve(target_loader=partial(load, folder=folder))


if __name__ == "__main__":
    serve()
