"""Build the book, ``python -m book``: the lessons that were changed are executed first."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

import click

from book.executed import executed_copies
from book.pages import write_pages
from greeter.terminal import show_everything
from workshop.errors import WorkshopError
from workshop.paths import ROOT
from workshop.series.runner import EXECUTED, choose

BOOK = ROOT / "build" / "book"


def build(copies: Sequence[Path], project: Path, output: Path, runs: bool = False) -> Path:
    """Build the site again from executed copies and return its first page.

    Parameters
    ----------
    copies
        The executed copies, in reading order.
    project
        What their links are relative to: the folder with ``notebooks`` in it.
    output
        The folder of the book, whose former content is deleted; the site is in its part ``html``.
    runs
        Whether its pages offer to run lessons, as on the site that `book.site` makes.

    Raises
    ------
    WorkshopError
        When a page cannot be made, or one of its links leads nowhere.
    """
    from sphinx.cmd.build import build_main

    shutil.rmtree(output, ignore_errors=True)
    write_pages(copies, project, output / "pages")
    settings = ["-c", str(Path(__file__).parent), "-d", str(output / "doctrees")]
    settings += ["-D", "runs=yes"] if runs else []
    strict = ["--fail-on-warning", "--keep-going", "--quiet"]
    failed = build_main([*settings, *strict, str(output / "pages"), str(output / "html")])
    if failed:
        raise WorkshopError(
            "The book has a fault: each is named above, with its page and line.",
            hint="fix it in the lesson and run make book again.",
        )
    return output / "html" / "index.html"


@click.command(help=__doc__)
@click.argument("notebooks", nargs=-1, type=click.Path(path_type=Path))
def main(notebooks: tuple[Path, ...]) -> None:
    """Build the book of NOTEBOOKS, of all lessons unless some are named."""
    try:
        copies = executed_copies(choose(notebooks), EXECUTED)
        click.echo(f"Open {build(copies, ROOT, BOOK)} in a browser; it needs no network.")
    except WorkshopError as error:
        raise click.ClickException(str(error)) from error


if __name__ == "__main__":
    show_everything()
    main()
