"""Serve the greeter: ``python -m greeter --port 8000``."""

import click
from granian import Granian
from granian.constants import Interfaces


@click.command()
@click.option("--host", default="0.0.0.0", show_default=True, help="Address to listen on.")
@click.option("--port", default=8000, show_default=True, help="Port to listen on.")
@click.option(
    "--application",
    default="greeter.greeter:app",
    show_default=True,
    help="The WSGI application to serve, as module:name.",
)
def serve(host: str, port: int, application: str) -> None:
    """Serve the stateful functions of APPLICATION to the engine."""
    Granian(application, address=host, port=port, interface=Interfaces.WSGI).serve()


if __name__ == "__main__":
    serve()
