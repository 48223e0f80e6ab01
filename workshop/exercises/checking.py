"""What a check is made of, and how it is run and shown.

A check is a function that takes what the learner wrote, tries it, and refuses it with what it saw,
what it expected and a hint. Whatever the learner's code raises becomes a sentence, not a traceback.
It is long: all that checks have in common is here.
"""

from __future__ import annotations

import ast
import contextlib
import importlib
import linecache
import pkgutil
import reprlib
import signal
import textwrap
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import EllipsisType, FrameType
from typing import Any, NoReturn, TypeVar

from workshop.errors import WorkshopError
from workshop.exercises.progress import record
from workshop.exercises.storage import passed
from workshop.notebook import shell

CheckFunction = TypeVar("CheckFunction", bound=Callable[..., str])

LIMIT_SECONDS = 20.0
"""How long the check of an exercise may take; most take a tenth of a second."""

LINE = 95
"""The maximum number of characters in one line of a hint."""

ENDLESS = "does it contain a loop that never ends?"

_shown = reprlib.Repr()
_shown.maxstring = _shown.maxother = 200
_shown.maxlist = _shown.maxtuple = _shown.maxdict = 12


@dataclass(frozen=True)
class Exercise:
    """One exercise's check.

    Attributes
    ----------
    id
        The lesson's number, a point, and the exercise's: ``04.1``.
    title
        What the lesson calls it.
    run
        Gets the learner's objects; returns a sentence that says what works, or raises
        :class:`Refused`.
    start
        The hint for an answer that is still empty.
    raises
        Hints for errors that the learner's code may raise, by their type.
    seconds
        How long it may take; unless given, :data:`LIMIT_SECONDS`.
    """

    id: str
    title: str
    run: Callable[..., str]
    start: str
    raises: Mapping[type[Exception], str] = field(default_factory=dict)
    seconds: float | None = None

    @property
    def limit(self) -> float:
        """How many seconds it may take."""
        return self.seconds or LIMIT_SECONDS


class Refused(Exception):
    """An answer that does not do what was asked."""

    def __init__(self, what: str, hint: str) -> None:
        super().__init__(what)
        self.what = what
        self.hint = hint


class TookTooLong(BaseException):
    """The running code has no time left. No ``except Exception`` in it must catch this."""


@contextlib.contextmanager
def at_most(seconds: float) -> Iterator[None]:
    """Raise :class:`TookTooLong` in what takes longer, and again each second until it ends.

    Only a system's main thread can be interrupted: anywhere else there is no limit.
    """
    here = threading.current_thread() is threading.main_thread()
    if not here or not hasattr(signal, "setitimer"):
        yield
        return

    def interrupt(number: int, frame: FrameType | None) -> NoReturn:
        raise TookTooLong

    began = time.monotonic()
    handler = signal.signal(signal.SIGALRM, interrupt)
    left, interval = signal.setitimer(signal.ITIMER_REAL, seconds, 1.0)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, handler)
        if left:  # Somebody else's alarm goes off when it would have.
            left = max(0.001, left - (time.monotonic() - began))
            signal.setitimer(signal.ITIMER_REAL, left, interval)


@dataclass(frozen=True)
class Outcome:
    """What a check found.

    Attributes
    ----------
    exercise
        Which exercise.
    passed
        Whether the answer does what was asked.
    what
        What works; or what was seen, and what was expected.
    hint
        What to try next, for an answer that was refused.
    """

    exercise: Exercise
    passed: bool
    what: str
    hint: str = ""

    def __str__(self) -> str:
        head = f"{'✓' if self.passed else '✗'} {self.exercise.id} {self.exercise.title}"
        lines = self.what.splitlines()
        if self.hint:
            # A notebook breaks a long line anywhere, also within a word.
            lines += textwrap.wrap(f"Hint: {self.hint}", LINE, break_on_hyphens=False)
        return "\n".join([head, *(f"  {line}" for line in lines)])


_exercises: dict[str, Exercise] = {}


def exercise(
    id: str,
    title: str,
    start: str = "replace the ... in the cell above, run it, then run this one again.",
    raises: Mapping[type[Exception], str] | None = None,
    seconds: float | None = None,
) -> Callable[[CheckFunction], CheckFunction]:
    """Make a function the check of an exercise; see :class:`Exercise` for the arguments."""

    def register(function: CheckFunction) -> CheckFunction:
        _exercises[id] = Exercise(id, title, function, start, raises or {}, seconds)
        return function

    return register


def refuse(what: str, hint: str) -> NoReturn:
    """Refuse the answer: say what was seen and expected, and what to try next."""
    raise Refused(what, hint)


def expect(about: str, saw: object, expected: object, hint: str) -> None:
    """Refuse the answer unless ``saw == expected``.

    Parameters
    ----------
    about
        What was looked at, in words or as the expression that gave it.
    """
    if saw != expected:
        gave, wanted = _shown.repr(saw), _shown.repr(expected)
        refuse(f"{about}\n  gave      {gave}\n  expected  {wanted}", hint)


def exercises(lesson: str) -> list[Exercise]:
    """Return the exercises of a lesson such as ``04``, in order, with their checks."""
    for module in pkgutil.iter_modules([str(Path(__file__).parent)]):
        # A check pulls in what its lesson needs: only those that are asked for.
        if module.name.startswith(f"lesson_{lesson}"):
            try:
                importlib.import_module(f"{__package__}.{module.name}")
            except ImportError as error:
                raise WorkshopError(
                    f"The checks of lesson {lesson} need another SDK than this kernel has.",
                    hint="run the lesson in its own kernel: menu Kernel, Change Kernel.",
                    details=f"{error}",
                ) from error
    return [_exercises[id] for id in sorted(_exercises) if id.startswith(lesson)]


def titles(lesson: str = "") -> dict[str, str]:
    """Return what all exercises are called, or those of a lesson such as ``04``, by their ids.

    Their checks are not imported: each needs the SDK of its lesson, and no kernel has both.
    """
    found = {one.id: one.title for one in _exercises.values()}
    folder = Path(__file__).parent
    for module in pkgutil.iter_modules([str(folder)]):
        if module.name.startswith(f"lesson_{lesson}"):
            source = (folder / f"{module.name}.py").read_text(encoding="utf-8")
            for node in ast.walk(ast.parse(source)):
                if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "exercise":
                    id, title = (ast.literal_eval(argument) for argument in node.args)
                    found[id] = title
    return {id: found[id] for id in sorted(found) if id.startswith(lesson)}


def examine(id: str, *answers: Any) -> Outcome:
    """Run the check of an exercise on what the learner wrote.

    Raises
    ------
    WorkshopError
        When there is no such exercise.
    """
    by_id = {one.id: one for one in exercises(id.partition(".")[0])}
    if id not in by_id:
        known = ", ".join(titles())
        raise WorkshopError(f"There is no exercise {id!r}.", hint=f"there are {known or 'none'}.")
    asked = by_id[id]
    if failed := _cell_that_did_not_run():
        return Outcome(asked, False, failed, "fix that, run the cell, then run this one again.")
    if any(answer is None or isinstance(answer, EllipsisType) for answer in answers):
        return Outcome(asked, False, "There is no answer yet.", asked.start)
    try:
        with at_most(asked.limit):
            return Outcome(asked, True, asked.run(*answers))
    except Refused as refused:
        return Outcome(asked, False, refused.what, refused.hint)
    except TookTooLong as error:
        return Outcome(asked, False, _told(error, asked.limit), ENDLESS)
    except Exception as error:
        hints = [hint for kind, hint in asked.raises.items() if _caused_by(error, kind)]
        return Outcome(asked, False, _told(error), hints[0] if hints else "")


def check(id: str, *answers: Any) -> None:
    """Run the check of an exercise, print what it found, and record it if it passed."""
    outcome = examine(id, *answers)
    print(outcome)
    if outcome.passed:
        try:
            record(id)
        except WorkshopError as error:
            # The answer is right all the same.
            print(error)


def progress(lesson: str | None = None) -> None:
    """Print how many checks have passed: of one lesson such as ``04``, and of all."""
    done = passed()
    every = titles()
    for number in sorted({id.partition(".")[0] for id in every}):
        if lesson in (None, number):
            of_lesson = [id for id in every if id.startswith(f"{number}.")]
            count = sum(id in done for id in of_lesson)
            boxes = "".join("■" if id in done else "□" for id in of_lesson)
            print(f"Lesson {number}  {boxes}  {count} of {len(of_lesson)} checks passed")
            for id in of_lesson:
                if lesson is not None and id not in done:
                    print(f"  still to do: {id} {every[id]}")
    print(f"All lessons: {sum(id in done for id in every)} of {len(every)} checks passed.")


def _chain(error: BaseException) -> list[BaseException]:
    """The error and what caused it, the first cause last."""
    found: list[BaseException] = []
    link: BaseException | None = error
    while link is not None and link not in found:
        found.append(link)
        link = link.__cause__ or link.__context__
    return found


def _caused_by(error: BaseException, kind: type[Exception]) -> bool:
    return any(isinstance(link, kind) for link in _chain(error))


def _cell_that_did_not_run() -> str:
    """What is wrong with the cell before this one, if Python could not even start it.

    The name that is checked then still stands for what an earlier run of the cell made of it.
    """
    last = getattr(shell(), "last_execution_result", None)
    error = last.error_before_exec if last is not None else None
    if not isinstance(error, SyntaxError):
        return ""
    wrong = f"{error.msg}, in its line {error.lineno}"
    return f"Python could not start the cell that you ran last: {wrong}."


def _told(error: BaseException, limit: float = LIMIT_SECONDS) -> str:
    """One error as sentences: its kind, its text, and the learner's line that it comes from."""
    if isinstance(error, TookTooLong):
        lines = [f"Your code was still running after {limit:g} s."]
    else:
        lines = [f"Your code raised {type(error).__name__}: {error}"]
    for link in reversed(_chain(error)):
        mine = [f for f in traceback.extract_tb(link.__traceback__) if _is_a_cell(f.filename)]
        if mine:
            line = linecache.getline(mine[-1].filename, mine[-1].lineno or 0).strip()
            lines.append(f"in line {mine[-1].lineno} of your cell: {line}".rstrip(": "))
            break
    return "\n".join(lines)


def _is_a_cell(file: str) -> bool:
    # What was typed into a notebook is compiled under a file name of the kernel's own.
    return "ipykernel_" in file or file.startswith("<")
