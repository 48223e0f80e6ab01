"""What is said to contributors is so, and the licence is the licence."""

import ast
import hashlib
import re

from tests.marks import MARKS
from workshop.paths import ROOT
from workshop.series.walkthrough import URL

CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
NAMED = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", CONTRIBUTING)
APACHE_2_0 = "cfc7749b96f63bd31c3c42b5c471bf756814053e847c10f3eb003417bc523d30"


def of_file(file: str) -> set[str]:
    """The names of the tests of a file."""
    parsed = ast.parse((ROOT / file).read_text(encoding="utf-8"))
    functions = {node.name for node in parsed.body if isinstance(node, ast.FunctionDef)}
    return {name for name in functions if name.startswith("test_")}


def test_each_rule_names_a_test_that_is_there():
    assert NAMED
    assert [one for one in NAMED if one[1] not in of_file(one[0])] == []


def test_each_test_of_the_form_of_a_lesson_is_a_rule():
    file = "tests/series/test_notebooks.py"
    assert {name for path, name in NAMED if path == file} == of_file(file)


def test_each_mark_and_its_fixture_are_explained():
    rows = dict(re.findall(r"^\| `(\w+)` \| `(\w+)`.* \|$", CONTRIBUTING, re.MULTILINE))
    assert rows == {mark: fixture for fixture, mark in MARKS.items()}


def test_the_files_and_targets_it_names_are_there():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z][a-z-]*):", makefile, re.MULTILINE))
    for folder, kind in (
        (".", "*.md"),
        ("docs", "*.md"),
        ("notebooks", "*.ipynb"),
        ("tests", "**/*.py"),
    ):
        for file in (ROOT / folder).glob(kind):
            named = set(re.findall(r"`make ([a-z-]+)", file.read_text(encoding="utf-8")))
            assert named <= targets, file
    for path in re.findall(r"`([\w.]+/[\w./-]+)`", CONTRIBUTING.replace("NN_title", "01_events")):
        assert (ROOT / path).exists(), path
    for tests in re.findall(r'make test ARGS="([^"]+)"', CONTRIBUTING):
        for path in re.findall(r"tests/[\w/.]+", tests):
            assert (ROOT / path).exists(), path


def test_the_licence_is_the_unchanged_apache_licence():
    assert hashlib.sha256((ROOT / "LICENSE").read_bytes()).hexdigest() == APACHE_2_0
    assert 'license = "Apache-2.0"' in (ROOT / "pyproject.toml").read_text(encoding="utf-8")


def test_the_walkthrough_is_attributed():
    notice = (ROOT / "NOTICE").read_text(encoding="utf-8")
    assert URL in notice
    assert "Copyright The Apache Software Foundation" in notice


def test_the_changelog_has_the_form_that_it_names():
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    releases = re.findall(r"^## (.+)$", changelog, re.MULTILINE)
    assert releases[0] == "[Unreleased]"
    for release in releases[1:]:
        assert re.fullmatch(r"\[\d+\.\d+\.\d+\] - \d{4}-\d\d-\d\d", release), release
    kinds = {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}
    assert set(re.findall(r"^### (.+)$", changelog, re.MULTILINE)) <= kinds
