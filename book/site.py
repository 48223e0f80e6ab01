"""Build the site, ``python -m book.site``: the book, and the lessons that run in a browser tab."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

import click

from book.__main__ import build as build_book
from book.executed import executed_copies
from book.tab import build as build_tab
from book.tab import runs_in_browser
from greeter.terminal import show_everything
from workshop.errors import WorkshopError
from workshop.paths import ROOT
from workshop.series.lessons import Lesson, lessons
from workshop.series.runner import EXECUTED, choose

SITE = ROOT / "build" / "site"


def build(copies: Sequence[Path], project: Path, running: Sequence[Lesson], site: Path) -> Path:
    """Build the site and return its first page.

    Parameters
    ----------
    copies
        The executed copies of lessons that the book is made of, in reading order.
    project
        What their links are relative to: the folder with ``notebooks`` in it.
    running
        The lessons that run in the browser, as they stand.
    site
        The folder of the site, whose former content is deleted.
    """
    shutil.rmtree(site, ignore_errors=True)
    made = build_book(copies, project, site.with_name(f"{site.name}-book"), runs=True)
    shutil.copytree(made.parent, site)
    build_tab(running, site)
    return site / made.name


@click.command(help=__doc__)
def main() -> None:
    """Build all of it."""
    try:
        copies = executed_copies(choose(()), EXECUTED)
        running = [lesson for lesson in lessons() if runs_in_browser(lesson)]
        first = build(copies, ROOT, running, SITE)
    except WorkshopError as error:
        raise click.ClickException(str(error)) from error
    size = sum(path.stat().st_size for path in SITE.rglob("*") if path.is_file())
    click.echo(f"{first.parent} is a site of {size / 1e6:.0f} MB, for any web server.")
    click.echo(f"To try it: python -m http.server --bind 127.0.0.1 --directory {first.parent}")


if __name__ == "__main__":
    show_everything()
    main()
