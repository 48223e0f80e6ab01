"""The command line: the same stack that the notebooks use, and the runner of the notebooks."""

from __future__ import annotations

import contextlib
import json
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from generator.broker import BrokerError
from workshop.errors import WorkshopError
from workshop.own.commands import check, new, read, send, which_application, which_stack
from workshop.room.commands import bundle, lessons, room, share

if TYPE_CHECKING:
    from workshop.own.application import Application
    from workshop.stack import Stack


class _Group(click.Group):
    """Shows an expected error as its message alone, and ends with exit code 1."""

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except (WorkshopError, BrokerError) as error:
            raise click.ClickException(str(error)) from error


@click.group(cls=_Group, context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """Run Apache Flink Stateful Functions and a Kafka broker on this machine, and the lessons."""


@main.command()
@which_application
@click.option(
    "--timeout", type=float, help="Seconds until it must be ready.  [default: 180, compose: 600]"
)
@click.option("--lean", is_flag=True, help="Use as little memory as possible.")
@click.option(
    "--engine",
    type=click.Choice(["2", "3"]),
    help="StateFun 2.2, which the walkthrough is about, or 3.x, with a greeter of its own.  "
    "[default: 2, or what the project's module definition is for]",
)
@click.option(
    "--watch", "watches", is_flag=True, help="Restart the functions when a file is saved."
)
def up(stack: Stack, application: Application, timeout: float | None, watches: bool) -> None:
    """Start the stack; it stays up until "down". If it is already up, say so."""
    already = stack.status().state == "ready"
    began = time.monotonic()
    status = stack.up(timeout=timeout, keep=True)
    if already:
        click.echo(f"Stack {stack.name} was already up.")
        click.echo(status)
    else:
        click.echo(f"Stack {stack.name} is up after {time.monotonic() - began:.1f} s.")
    click.echo(f"Broker {stack.bootstrap}, Flink's page {stack.flink_url}, folder {status.folder}")
    if watches:
        from workshop.own.watch import watch

        click.echo(f"Watching {application.folder}. Ctrl-C ends that; the stack stays up.")
        watch(application, stack, click.echo)


@main.command()
@which_stack
@click.option("--json", "as_json", is_flag=True, help="Print the status as JSON.")
def status(stack: Stack, as_json: bool) -> None:
    """Show every process of the stack. The exit code is 0 if it is ready, otherwise 1."""
    now = stack.status()
    click.echo(json.dumps(now.to_dict(), indent=2) if as_json else f"{now}\n  folder {now.folder}")
    sys.exit(0 if now.state == "ready" else 1)


@main.command()
@which_stack
@click.option("--timeout", default=60.0, show_default=True, help="Seconds to wait for a greeting.")
@click.argument("people", metavar="NAME...", nargs=-1, required=True)
def greet(stack: Stack, timeout: float, people: tuple[str, ...]) -> None:
    """Send names and print their committed greetings, in order."""
    for greeting in stack.greet(*people, timeout=timeout):
        click.echo(greeting)


@main.command()
@which_stack
@click.option("--dry-run", is_flag=True, help="Only show which record it would be.")
@click.option(
    "--timeout",
    default=60.0,
    show_default=True,
    help="Seconds to wait until the engine is past it.",
)
def skip(stack: Stack, dry_run: bool, timeout: float) -> None:
    """Skip the one record that the engine cannot read; it stays in its topic."""
    record = stack.skip(dry_run, timeout)
    if record is None:
        click.echo(f"Nothing to skip: no record is blocking the engine of stack {stack.name}.")
        return
    click.echo(f"{'Would skip' if dry_run else 'Skipped'} {record}.")
    after = None if dry_run else stack.status().poison
    if after is not None:
        click.echo(f"The next one is {after}. Run the command again to skip it too.")


@main.command()
@which_stack
@click.option("-f", "--follow", is_flag=True, help="Keep printing new lines.")
@click.option("-n", "--lines", default=20, show_default=True, help="How many lines of each.")
@click.argument("service", required=False)
def logs(stack: Stack, follow: bool, lines: int, service: str | None) -> None:
    """Print the end of the log of SERVICE, or of all services."""
    from workshop.stack import StackError

    if service is None and not follow:
        for one in stack.services:
            with contextlib.suppress(StackError):
                click.secho(f"== {one}: {stack.log_place(one)}", bold=True)
                click.echo(stack.logs(one, lines))
        return
    if service is None:
        raise click.UsageError("Name the service to follow.")
    click.echo(stack.logs(service, lines))
    if follow:
        with contextlib.suppress(KeyboardInterrupt):
            for text in stack.follow(service):
                click.echo(text, nl=False)


@main.command()
@which_stack
@click.option(
    "--forget", is_flag=True, help="Delete its topics and everything the greeter remembers."
)
def down(stack: Stack, forget: bool) -> None:
    """Stop the stack for everybody. The next "up" continues from there, unless you --forget."""
    doomed = stack.backend.contents() if forget else ""
    if stack.down(forget=forget):
        click.echo(f"Stack {stack.name} is down.")
    else:
        click.echo(f"Stack {stack.name} was not up.")
    if forget:
        click.echo(f"Deleted {doomed}." if doomed else "There was nothing to delete.")


@main.command()
def doctor() -> None:
    """Check this machine; every line is a ✓ or the command that fixes it."""
    from workshop.stack.doctor import examine

    findings = examine()
    for finding in findings:
        click.echo(finding)
    sys.exit(0 if all(finding.good for finding in findings) else 1)


@main.command()
@click.option("--engine", type=click.Choice(["2", "3"]), default="2", help="For which engine.")
def fetch(engine: str) -> None:
    """Download jars that are missing or altered, and prepare Java for a quick start."""
    from workshop.stack.java.archives import prepare
    from workshop.stack.java.engine import ENGINES
    from workshop.stack.java.jars import bad_jars, fetch_with_progress, read_lock

    wanted = bad_jars(ENGINES[engine].jars)
    if wanted:
        fetch_with_progress(wanted)
    prepare("broker", ENGINES[engine].jar_set)
    click.echo(f"All jars are in {read_lock()[0].path.parent}.")


@main.command()
@click.option("--output", type=click.Path(path_type=Path), help="Folder for the executed copies.")
@click.option(
    "-p",
    "--parameter",
    "parameters",
    nargs=2,
    multiple=True,
    metavar="NAME VALUE",
    help="Set a parameter in the lessons that have it.",
)
@click.option("--solved", is_flag=True, help="Use the solutions; then every check must pass.")
@click.option(
    "--twice", is_flag=True, help="Run them as they stand, and again in the same kernel, solved."
)
@click.option("--cell-seconds", default=300.0, show_default=True, help="How long a cell may run.")
@click.argument("notebooks", nargs=-1, type=click.Path(path_type=Path))
def run(
    notebooks: tuple[Path, ...],
    output: Path | None,
    parameters: tuple[tuple[str, str], ...],
    solved: bool,
    twice: bool,
    cell_seconds: float,
) -> None:
    """Execute NOTEBOOKS (all lessons by default), keep the copies, and report the times."""
    from workshop.series.runner import run_notebooks

    run_notebooks(
        notebooks,
        output=output,
        parameters=dict(parameters),
        solved=solved,
        twice=twice,
        cell_seconds=cell_seconds,
    )


@main.command()
def syllabus() -> None:
    """Rewrite notebooks/README.md and the road map from the lessons."""
    from workshop.series.lessons import lessons
    from workshop.series.routes import with_routes
    from workshop.series.syllabus import SYLLABUS, syllabus

    SYLLABUS.write_text(syllabus(), encoding="utf-8")
    click.echo(f"Wrote {SYLLABUS}.")
    series = lessons()
    for lesson in series:
        lesson.path.write_text(with_routes(lesson, series), encoding="utf-8")


@main.command()
@click.option("--reset", "again", is_flag=True, help="Reset all progress, or that of one lesson.")
@click.argument("lesson", required=False, metavar="[LESSON]")
def progress(again: bool, lesson: str | None) -> None:
    """Show which exercises you have passed; LESSON is a number such as 04."""
    from workshop.exercises import progress, reset

    if again:
        reset(lesson)
        click.echo("Your progress has been reset.")
    else:
        progress(lesson)


for command in (bundle, check, lessons, new, read, room, send, share):
    main.add_command(command)
