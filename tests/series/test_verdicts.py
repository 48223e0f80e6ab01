"""A lesson in which something dies ends with a check of counts that fails when they are wrong."""

from __future__ import annotations

import ast
from collections import Counter
from types import SimpleNamespace

import pytest

from generator.broker import Greeting
from greeter.greeter import compute_greeting
from workshop.series.lessons import NOTEBOOKS, Lesson

ON_A_STACK = ("08", "09", "11", "12")


def cells(number: str) -> list[str]:
    """The code of a lesson before its exercises."""
    (path,) = NOTEBOOKS.glob(f"{number}_*.ipynb")
    found = []
    for cell in Lesson.read(path).notebook.cells:
        if cell.source.startswith("## Exercises"):
            return found
        if cell.cell_type == "code":
            found.append(cell.source)
    raise AssertionError(f"{path} has no exercises")


def calls(source: str, *names: str) -> bool:
    """Whether a cell calls a function or a method of one of these names."""
    lines = [line for line in source.splitlines() if not line.startswith("!")]
    tree = ast.parse("\n".join(lines))
    called = [node.func for node in ast.walk(tree) if isinstance(node, ast.Call)]
    return any(ast.unparse(one).rpartition(".")[2] in names for one in called)


@pytest.mark.parametrize("number", ON_A_STACK)
def test_every_story_of_a_death_or_a_stop_is_followed_by_a_check(number):
    told = cells(number)
    broken = [n for n, cell in enumerate(told) if calls(cell, "kill", "send_signal")]
    starts = [n for n, cell in enumerate(told) if calls(cell, "up")]
    # The first one begins the lesson, and some go on with a stack that is up.
    stops = [n for n, cell in enumerate(told) if calls(cell, "down")]
    broken += [n for n in starts if any(stop < n for stop in stops)]
    checks = [n for n, cell in enumerate(told) if "\nassert " in cell or "\n    assert " in cell]
    assert checks, f"lesson {number} never checks a count"
    assert all(max(checks) >= n for n in broken)


def greeting(name: str, count: int) -> Greeting:
    """What the greeter says at a visit, as a reader gets it."""
    text = compute_greeting(name, count).greeting
    return Greeting(key=name, name=name, greeting=text, partition=0, offset=count, timestamp=0)


class Topic:
    """A reader of greetings that are there already."""

    def __init__(self, counts: list[int]) -> None:
        self.left = [greeting("Ada", count) for count in counts]

    def __enter__(self) -> Topic:
        return self

    def __exit__(self, *_: object) -> None: ...

    def poll(self, seconds: float) -> list[Greeting]:
        taken, self.left = self.left, []
        return taken


def world(counts: list[int], sent: int) -> dict[str, object]:
    """What the checking cells of the lessons look at, when Ada was counted like that."""
    greetings = [greeting("Ada", count) for count in counts]
    extra = len(counts) - len(set(counts))
    coming = iter(greetings[-2:])
    return {
        "name": "Ada",
        "names": ["Ada"],
        "greetings": greetings,
        "traffic": SimpleNamespace(committed=greetings, sent=Counter(Ada=sent), stop=lambda: None),
        "report": SimpleNamespace(
            missing=sent - len(set(counts)), doubled=extra, latency=SimpleNamespace(p50=1, p99=1)
        ),
        "stack": SimpleNamespace(
            bootstrap="",
            kill=lambda part: None,
            up=lambda: None,
            greet=lambda *names, **how: [next(coming)],
        ),
        "dashboard": SimpleNamespace(
            kill=lambda part: None,
            run=lambda **how: SimpleNamespace(missing=sent - len(set(counts)), doubled=extra),
        ),
        "rate": 1,
        "crowd": [],
        "last": greetings[-3],
        "GreetingReader": lambda *place, **how: Topic(counts),
    }


CHECKS = [
    (number, position)
    for number in ON_A_STACK
    for position, cell in enumerate(cells(number))
    if "assert " in cell
]


@pytest.mark.parametrize(("number", "position"), CHECKS)
def test_a_check_fails_when_a_visit_is_lost_or_counted_twice(number, position):
    told = cells(number)
    imports = "\n".join(
        ast.unparse(node)
        for source in told[: position + 1]
        for node in ast.parse("\n".join(x for x in source.splitlines() if x[:1] != "!")).body
        if isinstance(node, ast.Import | ast.ImportFrom)
    )
    check = told[position]
    for counts, sent, right in (
        ([1, 2, 3, 4], 4, True),
        ([1, 2, 1, 1], 4, False),  # As after a start that has forgotten everybody.
        ([1, 2, 4, 4], 5, False),
    ):
        namespace: dict[str, object] = {}
        exec(imports, namespace)
        namespace |= world(counts, sent)
        # Its own imports are there already, and some of them are played by others.
        lines = [x for x in check.splitlines() if not x.startswith(("import ", "from "))]
        if right:
            exec("\n".join(lines), namespace)
        else:
            with pytest.raises(AssertionError):
                exec("\n".join(lines), namespace)
