"""The house: who imports whom, how large a module is, and that docs/design.md draws it so."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from graphlib import TopologicalSorter
from pathlib import Path

import pytest
from importlinter.cli import lint_imports

from workshop.paths import ROOT
from workshop.series.lessons import lessons
from workshop.stack.java.engine import STATEFUN_3

OURS = ("bench", "book", "browser", "generator", "greeter", "tests", "workshop")
FILES = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
    for folder in OURS
    for path in sorted((ROOT / folder).rglob("*.py"))
}
TREES = {name: ast.parse(path.read_text(encoding="utf-8")) for name, path in FILES.items()}
LONGEST_MODULE, LONGEST_CLASS = 300, 250
DESIGN = ROOT / "docs" / "design.md"


def imports(name: str) -> set[str]:
    """The modules of ours that one imports, wherever in it."""
    found = set()
    for node in ast.walk(TREES[name]):
        if isinstance(node, ast.Import):
            found |= {one.name for one in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            inner = {f"{node.module}.{one.name}" for one in node.names} & FILES.keys()
            found |= inner or {node.module}
    return found & FILES.keys()


def test_each_floor_imports_from_those_below_it(capsys):
    assert lint_imports(str(ROOT / "pyproject.toml"), cache_dir=None) == 0, capsys.readouterr().out


def test_no_modules_import_each_other_in_a_circle():
    TopologicalSorter({name: imports(name) - {name} for name in FILES}).prepare()


def test_nothing_is_imported_from_tests_and_no_test_from_another():
    from_tests = {
        (name, other)
        for name in FILES
        for other in imports(name)
        if other.startswith("tests") and not name.startswith("tests")
    }
    assert from_tests == set()
    of_tests = {(name, other) for name in FILES for other in imports(name) if ".test_" in other}
    assert of_tests == set()


@pytest.mark.parametrize("name", [name for name in FILES if not name.startswith("tests")])
def test_what_is_long_says_why(name):
    tree = TREES[name]
    long = [(tree, len(FILES[name].read_text(encoding="utf-8").splitlines()), LONGEST_MODULE)]
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef):
            long.append((node, (node.end_lineno or 0) - node.lineno + 1, LONGEST_CLASS))
    for node, lines, most in long:
        assert lines <= most or re.search(r"\blong\b", ast.get_docstring(node) or ""), (
            f"{getattr(node, 'name', name)} has {lines} lines: its docstring says why, "
            "with the word long, or it becomes several."
        )


def test_the_page_names_every_room():
    page = DESIGN.read_text(encoding="utf-8")
    rooms = {path.parent for name, path in FILES.items() if path.name == "__init__.py"}
    missing = [
        room.name for room in rooms if "tests" not in room.parts and f"{room.name}/" not in page
    ]
    assert missing == []


def test_the_page_links_to_files_that_are_there():
    page = DESIGN.read_text(encoding="utf-8")
    links = re.findall(r"\]\(([^)#]+)\)", page)
    assert links
    assert [link for link in links if ":" not in link and not (DESIGN.parent / link).exists()] == []
    named = re.findall(r"`((?:workshop|tests|greeter|generator|book|bench|browser)/[\w./]+)`", page)
    assert [one for one in named if not Path(ROOT, one).exists()] == []


def test_what_lessons_of_3_import_needs_that_sdk_alone():
    cells = (
        cell.source
        for lesson in lessons()
        if lesson.kernel != "python3"
        for cell in lesson.notebook.cells
        if cell.cell_type == "code"
    )
    ours = re.findall(r"^from (?:workshop|generator).*", "\n".join(cells), re.MULTILINE)
    assert "from workshop.live import Dashboard" in ours
    done = subprocess.run(
        [sys.executable, "-c", "\n".join(ours)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(STATEFUN_3.sdk), str(ROOT)])},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
