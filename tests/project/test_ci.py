"""The workflow and the hooks before a commit: they run what ``make`` runs, on what is supported."""

import ast
import re
import shlex
import sys
from importlib.metadata import distributions
from pathlib import Path
from typing import NamedTuple

import pytest
import yaml
from packaging.specifiers import SpecifierSet

from tests import soak
from workshop.paths import ROOT
from workshop.stack.doctor import OLDEST_PYTHON
from workshop.stack.java.engine import STATEFUN_3

WORKFLOW = (ROOT / ".github" / "workflows" / "ci.yml").read_text(encoding="utf-8")
CI_RUN = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
HOOKS = (ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8")
PINNED = re.compile(r"uses: [\w/-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$")
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
PYPROJECT = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
TARGETS = set(re.findall(r"^([a-z][a-z-]*):", MAKEFILE, re.MULTILINE))
JOBS = yaml.safe_load(WORKFLOW)["jobs"]


class Make(NamedTuple):
    """A call of make: its target, and the variables that choose how it is run."""

    target: str
    variables: frozenset[str]


def calls(script: str) -> set[Make]:
    """All calls of make in a shell script."""
    made = set()
    for line in script.splitlines():
        words = shlex.split(line, comments=True)
        if words[:1] == ["make"]:
            (target,) = [word for word in words[1:] if "=" not in word]
            chosen = {word for word in words[1:] if "=" in word and not word.startswith("ARGS=")}
            made.add(Make(target, frozenset(chosen)))
    return made


def made_by(job: str) -> set[Make]:
    """All calls of make in a job of the workflow."""
    return {call for step in JOBS[job]["steps"] for call in calls(step.get("run", ""))}


def systems(job: str) -> set[str]:
    """The systems that a job runs on."""
    matrix = JOBS[job].get("strategy", {}).get("matrix", {})
    return {
        *matrix.get("os", [JOBS[job]["runs-on"]]),
        *(o["os"] for o in matrix.get("include", [])),
    }


def test_every_action_is_pinned_by_its_commit_and_names_its_version():
    lines = [line for line in WORKFLOW.splitlines() if "uses:" in line]
    assert lines
    assert [line for line in lines if not PINNED.search(line)] == []


def test_an_action_has_one_version():
    pins = set(re.findall(r"uses: (\S+) # (\S+)", WORKFLOW))
    assert len(pins) == len({pin.partition("@")[0] for pin, _ in pins})


def test_the_pythons_are_those_that_are_supported():
    matrix = JOBS["test"]["strategy"]["matrix"]
    supported = re.findall(r"Programming Language :: Python :: (3\.\d+)", PYPROJECT)
    oldest = ".".join(map(str, OLDEST_PYTHON))
    assert matrix["python"] == supported
    assert supported[0] == oldest
    for line in (
        f'requires-python = ">={oldest}"',
        f'target-version = "py{oldest.replace(".", "")}"',
        f'python_version = "{oldest}"',
    ):
        assert line in PYPROJECT
    assert f"sys.version_info < {OLDEST_PYTHON}" in MAKEFILE
    assert {one["python"] for one in matrix["include"]} <= set(supported)
    assert f"{supported[0]} to {supported[-1]}" in (ROOT / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("job", ["test", "lessons"])
def test_tests_and_lessons_run_on_linux_and_on_macos(job):
    assert {system.partition("-")[0] for system in systems(job)} == {"ubuntu", "macos"}


def test_every_target_exists():
    named = {call.target for job in JOBS for call in made_by(job)}
    assert named <= TARGETS
    assert {"lint", "test", "run", "book", "test-compose", "soak"} <= named


def test_the_workflow_runs_all_that_ci_runs():
    here = calls(CI_RUN)
    assert here
    assert here <= {call for job in JOBS for call in made_by(job)}


def test_nothing_is_tried_again_until_it_passes():
    assert "rerun" not in WORKFLOW + CI_RUN


def test_a_missing_browser_is_an_error_where_it_can_be_installed():
    assert "export WORKSHOP_BROWSER=required\n" in CI_RUN
    matrix = JOBS["test"]["strategy"]["matrix"]
    assert matrix["browser"] == ["required"]
    assert [one["os"] for one in matrix["include"]] == ["macos-15"]
    (step,) = [step for step in JOBS["test"]["steps"] if step.get("env")]
    assert step["env"] == {"WORKSHOP_BROWSER": "${{ matrix.browser }}"}
    assert calls(step["run"]) == {Make("test", frozenset())}


def test_the_long_runs_are_weekly_and_of_one_target():
    assert {call.target for call in made_by("soak")} == {"soak"}
    assert "github.event_name == 'schedule'" in JOBS["soak"]["if"]
    assert JOBS["soak"]["timeout-minutes"] * 60 > soak.SECONDS


def imports(file: Path) -> set[str]:
    """The modules that a file imports."""
    found = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom):
            found |= {node.module, *(f"{node.module}.{one.name}" for one in node.names)}
        elif isinstance(node, ast.Import):
            found |= {one.name for one in node.names}
    return found


def test_what_another_protobuf_can_change_is_tested_on_it():
    (listed,) = re.findall(
        r"^ON_PROTOBUF := \$\(addprefix tests/,([^)]+)\)", MAKEFILE, re.MULTILINE
    )
    chosen = {ROOT / "tests" / one for one in listed.replace("\\", "").split()}
    assert [path for path in chosen if not path.exists()] == []
    of_protobuf = re.compile(
        r"google\.protobuf|statefun|greeter\.(greeter|guard|messages_pb2)|workshop\.simulation"
    )
    tests = ROOT / "tests"
    # The SDK of 3.x runs on today's protobuf alone.
    of_3 = {*(tests / "greeter3").iterdir(), tests / "stack" / "test_engine_3.py"}
    for file in sorted({*tests.rglob("test_*.py")} - {*(tests / "compose").iterdir()} - of_3):
        if any(of_protobuf.match(module) for module in imports(file)):
            assert chosen & {file, *file.parents}, (
                f"{file.name} belongs to ON_PROTOBUF in the Makefile"
            )


def test_the_lessons_run_both_ways():
    (script,) = {"\n".join(step.get("run", "") for step in JOBS["lessons"]["steps"])}
    assert "make run\n" in script and "make run ARGS=--solved\n" in script


def test_it_may_only_read_and_ends_what_is_outdated():
    read = yaml.safe_load(WORKFLOW)
    assert read["permissions"] == {"contents": "read"}
    assert not any("permissions" in job for job in JOBS.values())
    assert read["concurrency"]["cancel-in-progress"]
    assert all(
        job["timeout-minutes"] <= (300 if job is JOBS["soak"] else 120) for job in JOBS.values()
    )
    # YAML 1.1 takes the key "on" for true.
    assert {"push", "pull_request", "schedule"} <= set(read[True])


@pytest.mark.parametrize("job", JOBS)
def test_no_job_keeps_the_credentials_of_its_checkout(job):
    first = JOBS[job]["steps"][0]
    assert first["uses"].startswith("actions/checkout@")
    assert first["with"]["persist-credentials"] is False


def test_the_hooks_are_the_pinned_tools_of_the_environment():
    """They have no versions of their own that could be others than those of ``make lint``."""
    pinned = set(
        re.findall(r"^(\w+)==", (ROOT / "requirements-dev.txt").read_text("utf-8"), re.MULTILINE)
    )
    (repository,) = yaml.safe_load(HOOKS)["repos"]
    assert repository["repo"] == "local"
    tools = set()
    for hook in repository["hooks"]:
        assert hook["language"] == "system"
        python, module, tool, *_ = hook["entry"].split()
        assert (python, module) == (".venv/bin/python", "-m")
        assert f"$(IN_VENV) {tool}" in MAKEFILE.partition("\nlint:")[2].partition("\n\n")[0]
        tools.add(tool.removesuffix("_lib"))
    assert tools == {"nbstripout", "ruff", "codespell"}
    assert tools <= pinned


# Those of the site and of a hub are for another Python, or have an environment of their own.
ELSEWHERE = {ROOT / f"requirements-{one}.txt" for one in ("site", "hub")}
PINS = sorted({*ROOT.glob("requirements*.txt")} - ELSEWHERE)


@pytest.mark.parametrize("file", PINS, ids=lambda file: file.name)
def test_what_is_pinned_can_be_installed_on_the_oldest_python(file):
    pins = re.findall(r"^([\w.-]+)==", file.read_text(encoding="utf-8"), re.MULTILINE)
    assert pins
    places = [*sys.path, str(STATEFUN_3.sdk)]
    asked = {
        name: next(iter(distributions(name=name, path=places))).metadata.get("Requires-Python", "")
        for name in pins
    }
    oldest = ".".join(map(str, OLDEST_PYTHON)) + ".0"
    assert [name for name in pins if oldest not in SpecifierSet(asked[name])] == []
