"""The commands for the person who prepares a room."""

from __future__ import annotations

import platform as machine
from pathlib import Path

import click


@click.command()
@click.option("--python", help="The machine's Python, such as 3.12.  [default: this one]")
@click.option(
    "--platform",
    metavar="TAG",
    help="The machine's platform as wheels name it, such as manylinux_2_28_x86_64 or "
    "macosx_14_0_arm64.  [default: one like this]",
)
@click.option("--output", type=click.Path(path_type=Path), help="The archive.")
@click.option(
    "--engine",
    type=click.Choice(["2", "3"]),
    default="2",
    show_default=True,
    help="With 3 it has the jars of StateFun 3.x as well, for lesson 13: 183 MB more.",
)
def bundle(python: str | None, platform: str | None, output: Path | None, engine: str) -> None:
    """Write an archive that sets up a machine without a network."""
    from workshop.paths import ROOT
    from workshop.room.bundle import NAME, write_bundle
    from workshop.stack.java.engine import ENGINES

    python = python or ".".join(machine.python_version_tuple()[:2])
    kind = platform or f"{machine.system()}-{machine.machine()}".lower()
    archive = output or ROOT / "build" / f"{NAME}-python{python}-{kind}.tar"
    write_bundle(archive, python, platform, ENGINES[engine])
    click.echo(f"Wrote {archive}, {archive.stat().st_size / 1e6:.0f} MB.")
    click.echo(f"On the machine: tar xf {archive.name} && cd {NAME} && make lab")


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
def lessons(folder: Path) -> None:
    """Copy the lessons into FOLDER; files that are already there stay as they are."""
    from workshop.room.lesson_copies import bring

    brought = bring(folder)
    click.echo(f"{len(brought)} new files are in {folder}." if brought else "Nothing is new.")


@click.command()
@click.option(
    "--as", "name", metavar="NAME", help="The name that others see.  [default: your login's name]"
)
@click.option("--stop", "ends", is_flag=True, help="Stop sharing, and delete what was shared.")
@click.argument("folder", required=False, type=click.Path(path_type=Path))
def share(folder: Path | None, name: str | None, ends: bool) -> None:
    """Let your room see which checks you pass, in FOLDER; nothing is sent."""
    from workshop.exercises import sharing

    if ends:
        before = sharing.stop()
        click.echo(f"Deleted {before.file}." if before else "Nothing was shared.")
        return
    now = sharing.sharing() if folder is None else sharing.share(folder, name)
    if now is None:
        click.echo("Nothing is shared.")
        return
    click.echo(f"Only which checks you pass, and when, is written to {now.file}.")
    click.echo("To stop sharing: python -m workshop share --stop")


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
def room(folder: Path) -> None:
    """Show what each learner who shares in FOLDER has passed."""
    from rich.console import Console

    from workshop.room.overview import NARROWEST, learners, overview

    # A line that a narrow terminal breaks still has all its letters.
    console = Console(width=max(Console().width, NARROWEST))
    console.print(overview(learners(folder)))
