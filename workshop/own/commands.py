"""The commands for an application, and the options that say which one every command is about."""

from __future__ import annotations

import contextlib
import functools
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from workshop.own.application import Application
    from workshop.stack import Stack

_name_option = click.option(
    "--name",
    help="Which stack; two of different names never meet.  [default: $WORKSHOP_STACK or default]",
)
_kind_option = click.option(
    "--stack",
    "kind",
    type=click.Choice(["embedded", "compose"]),
    default="embedded",
    show_default=True,
    help="Local processes, or the containers of docker-compose.yml.",
)


_project_option = click.option(
    "--project",
    type=click.Path(path_type=Path),
    help="The folder of an application of your own, which has a workshop.yaml.  [default: this "
    "folder if it has one, else the greeter]",
)


def which_application(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options that name a stack, that stack, and the application it runs."""

    @_name_option
    @_kind_option
    @_project_option
    @functools.wraps(command)
    def with_stack(name: str | None, kind: str, project: Path | None, **options: Any) -> None:
        from workshop.own.application import FILE, Application, ApplicationError
        from workshop.paths import ROOT
        from workshop.stack import LEAN, Stack
        from workshop.stack.java.engine import ENGINES

        application = Application(project or (Path() if Path(FILE).exists() else ROOT))
        size = LEAN if options.pop("lean", False) else None
        engine = ENGINES[options.pop("engine", None) or application.engine.name]
        own = application.folder != ROOT
        if own and engine is not application.engine:
            raise ApplicationError(
                f"{application.module} is for {application.engine}.",
                hint="leave out --engine: the module definition says which one it is for.",
            )
        if kind == "embedded":
            stack = application.stack(name, size) if own else Stack(name, size=size, engine=engine)
        elif not own:
            stack = Stack.compose(name, size=size, engine=engine)
        else:
            raise ApplicationError(
                "An application of your own has containers of its own.",
                hint="its README.md says how to start them.",
            )
        command(stack=stack, application=application, **options)

    return with_stack


def which_stack(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options that name a stack, and the stack that they name."""

    @which_application
    @functools.wraps(command)
    def with_stack(application: object, **options: Any) -> None:
        command(**options)

    return with_stack


_bootstrap_option = click.option(
    "--bootstrap",
    metavar="HOST:PORT",
    help="The broker, such as that of containers.  [default: the stack's]",
)


@click.command()
@which_application
@_bootstrap_option
@click.argument("topic")
@click.argument("key")
@click.argument("message", metavar="JSON")
def send(
    stack: Stack,
    application: Application,
    bootstrap: str | None,
    topic: str,
    key: str,
    message: str,
) -> None:
    """Send one record to TOPIC: its KEY, and its message as JSON."""
    application.send(bootstrap or stack.bootstrap, topic, key, message)
    click.echo(f"Sent to {topic}.")


@click.command()
@which_application
@click.option("-f", "--follow", is_flag=True, help="Go on printing what comes.")
@_bootstrap_option
@click.option("--uncommitted", is_flag=True, help="Also what a failure may take back.")
@click.argument("topic")
def read(
    stack: Stack,
    application: Application,
    bootstrap: str | None,
    topic: str,
    follow: bool,
    uncommitted: bool,
) -> None:
    """Print what is in TOPIC, from its beginning: each record's key, and its message as JSON."""
    with (
        contextlib.suppress(KeyboardInterrupt),
        application.read(
            bootstrap or stack.bootstrap, topic, committed=not uncommitted, from_start=True
        ) as records,
    ):
        for record in records.until_now():
            click.echo(record)
        while follow:
            for record in records.poll():
                click.echo(record)


@click.command()
@click.argument("folder", type=click.Path(path_type=Path), default=Path())
def check(folder: Path) -> None:
    """Check what has to be true of any application: of that in FOLDER, or in this folder."""
    from workshop.own.sound import examine

    found = examine(folder)
    click.echo(found)
    sys.exit(1 if found.flaws else 0)


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
def new(folder: Path) -> None:
    """Make an application of your own in FOLDER: small, complete and tested."""
    from workshop.own.new import make

    made = make(folder)
    click.echo(f"Made {made}. Its README.md says what is in it, and what to try first.")
