"""How a run is shown while it is in progress: bars in a terminal, plain lines elsewhere."""

from __future__ import annotations

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.text import Text

from workshop.series.outcome import LessonRun


class ProgressBars:
    """Shows the lessons that are done, and in a terminal how far the run is.

    Parameters
    ----------
    console
        Where it is shown.
    lessons
        How many will run.
    """

    def __init__(self, console: Console, lessons: int) -> None:
        self._console = console
        self._bars = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=console,
            transient=True,
            disable=not console.is_terminal,
        )
        self._lessons = self._bars.add_task("lessons", total=lessons)
        self._cells = self._bars.add_task("cells")

    def begin(self, name: str) -> None:
        """A lesson begins."""
        self._bars.reset(self._cells, description=name, total=None)

    def cell(self, done: int, of: int) -> None:
        """This many of the lesson's cells are done."""
        self._bars.update(self._cells, completed=done, total=of)

    def end(self, lesson: LessonRun) -> None:
        """A lesson has ended."""
        self._bars.advance(self._lessons)
        # As text: what failed may have square brackets that are not meant as markup.
        self._console.print(Text(str(lesson)), soft_wrap=True)

    def __enter__(self) -> ProgressBars:
        self._bars.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bars.stop()
